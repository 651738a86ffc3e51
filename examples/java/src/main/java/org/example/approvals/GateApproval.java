package org.example.approvals;

import clearway.v1.CheckServiceGrpc;
import clearway.v1.CheckServiceGrpc.CheckServiceBlockingStub;
import clearway.v1.CheckServiceOuterClass.ApplicationKind;
import clearway.v1.CheckServiceOuterClass.CheckSubjectRequest;
import clearway.v1.CheckServiceOuterClass.CheckSubjectResponse;
import clearway.v1.DecisionOuterClass.Decision;
import clearway.v1.DecisionOuterClass.Notice;
import clearway.v1.DecisionOuterClass.Reason;
import clearway.v1.SubjectOuterClass.Identifier;
import clearway.v1.SubjectOuterClass.Subject;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Gates an approval: asks Clearway before the officer decides, and says what the case screen shows. */
public final class GateApproval {

  /** Ample for an answer that takes milliseconds; without one, a lost connection would hold the officer up. Set it by {@code -Ddeadline.millis}. */
  private static final long DEADLINE_MILLIS = Long.getLong("deadline.millis", 2_000);

  /**
   * Retries of what nothing answered. The service is named in full: a short name matches nothing, silently. The deadline
   * is no part of it, but of each call.
   */
  private static final Map<String, ?> SERVICE_CONFIG =
      Map.of(
          "methodConfig",
          List.of(
              Map.of(
                  "name",
                  List.of(Map.of("service", CheckServiceGrpc.SERVICE_NAME)),
                  "retryPolicy",
                  Map.of(
                      "maxAttempts", 5.0,
                      "initialBackoff", "0.03s",
                      "maxBackoff", "0.5s",
                      "backoffMultiplier", 2.0,
                      "retryableStatusCodes", List.of("UNAVAILABLE", "CANCELLED")))));

  private static final Metadata.Key<String> LANGUAGE =
      Metadata.Key.of("accept-language", Metadata.ASCII_STRING_MARSHALLER);

  private final CheckServiceBlockingStub checks;

  GateApproval(ManagedChannel channel) {
    Metadata headers = new Metadata();
    headers.put(LANGUAGE, "en");
    checks =
        CheckServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** What the case screen shows: the advice, what to correct, or that the officer goes on by hand. */
  List<String> gate(CheckSubjectRequest request) {
    try {
      return screen(checks.withDeadlineAfter(DEADLINE_MILLIS, TimeUnit.MILLISECONDS).checkSubject(request));
    } catch (StatusRuntimeException failure) {
      return withoutAnswer(failure);
    }
  }

  private static List<String> screen(CheckSubjectResponse response) {
    Decision decision = response.getDecision();
    List<String> lines = new ArrayList<>();
    lines.add(
        switch (decision.getOutcome()) {
          case OUTCOME_RESTRICTION -> "RESTRICTION: review; a departure needs its reason";
          case OUTCOME_DEFERRED_ACCEPTANCE -> "DEFERRED ACCEPTANCE: accept now; take the commitment";
          case OUTCOME_GREEN_CHANNEL -> "GREEN CHANNEL: handle with priority";
          case OUTCOME_ORDINARY -> "ORDINARY: proceed by the ordinary procedure";
          // Also what a later version may add: a value that is not known asks for a person.
          case OUTCOME_UNDETERMINED, OUTCOME_UNSPECIFIED, UNRECOGNIZED -> "UNDETERMINED: go on by hand";
        });
    lines.add(decision.getExplanation().getText());
    for (Reason reason : decision.getRestrictionsList()) {
      lines.add(
          "restriction %s, %s %s, until %s"
              .formatted(
                  reason.getMeasureName(),
                  reason.getLegalBasis().getTitle(),
                  reason.getLegalBasis().getArticle(),
                  reason.getTerm().getUntil()));
    }
    for (Notice notice : decision.getNoticesList()) {
      lines.add("notice: " + notice.getText());
    }
    lines.add("keep with the decision: " + response.getCheckId());
    return lines;
  }

  /** Three kinds of failure: correct the request, ask for access, or go on by hand. Silence is never clear. */
  private static List<String> withoutAnswer(StatusRuntimeException failure) {
    com.google.rpc.Status status = StatusProto.fromThrowable(failure);
    ErrorInfo info = detail(status, ErrorInfo.class, ErrorInfo.getDefaultInstance());
    Status.Code code = failure.getStatus().getCode();
    String reason = info.getDomain().equals("clearway") ? info.getReason() : code.name();
    return switch (code) {
      case INVALID_ARGUMENT, FAILED_PRECONDITION, NOT_FOUND, ALREADY_EXISTS, UNIMPLEMENTED -> {
        List<String> lines = new ArrayList<>();
        lines.add("CORRECT THE APPLICATION (" + reason + "): " + status.getMessage());
        String suggestion = info.getMetadataOrDefault("suggestion", "");
        if (!suggestion.isEmpty()) {
          lines.add("did you mean " + suggestion + "? Nothing was corrected");
        }
        for (BadRequest.FieldViolation violation :
            detail(status, BadRequest.class, BadRequest.getDefaultInstance()).getFieldViolationsList()) {
          lines.add("field " + violation.getField());
        }
        yield lines;
      }
      case UNAUTHENTICATED, PERMISSION_DENIED -> List.of("NOT PERMITTED (" + reason + ")");
      default -> List.of("NO ANSWER (" + reason + "): go on by hand, and say so in the file");
    };
  }

  /** The status's detail of that kind, or `otherwise`. */
  private static <T extends com.google.protobuf.Message> T detail(
      com.google.rpc.Status status, Class<T> kind, T otherwise) {
    for (Any detail : status.getDetailsList()) {
      if (detail.is(kind)) {
        try {
          return detail.unpack(kind);
        } catch (InvalidProtocolBufferException unreadable) {
          return otherwise;
        }
      }
    }
    return otherwise;
  }

  /** Arguments: HOST:PORT CODE. */
  public static void main(String[] arguments) throws InterruptedException {
    ManagedChannel channel =
        Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create())
            .defaultServiceConfig(SERVICE_CONFIG)
            .enableRetry()
            // A closed network's proxy settings are meant for the web, not for the service next door.
            .proxyDetector(address -> null)
            .build();
    try {
      CheckSubjectRequest request =
          CheckSubjectRequest.newBuilder()
              .setSubject(
                  Subject.newBuilder()
                      .setIdentifier(Identifier.newBuilder().setScheme("cn-uscc").setValue(arguments[1])))
              .setItemCode("FOOD-OPERATION")
              .setApplicationKind(ApplicationKind.APPLICATION_KIND_NEW)
              .setCaseNumber("CASE-7")
              .setOfficer("o-7")
              .addSuppliedMaterials("APPLICATION-FORM")
              // One id for every attempt: a retry asks for the very same check.
              .setRequestId(UUID.randomUUID().toString())
              .build();
      new GateApproval(channel).gate(request).forEach(System.out::println);
    } finally {
      channel.shutdown().awaitTermination(1, TimeUnit.SECONDS);
    }
  }
}
