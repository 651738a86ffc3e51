# One node of Clearway. Build: docker build -t clearway .
# It serves on loopback only, because callers are not authenticated: see docs/operations.md, "In a container".
FROM python:3.11-slim-bookworm AS build
WORKDIR /opt/clearway
RUN python -m venv .venv
COPY requirements/run.txt requirements/
RUN .venv/bin/python -m pip install --disable-pip-version-check --no-cache-dir --require-hashes -r requirements/run.txt
COPY tools/link.py tools/
COPY src src
RUN .venv/bin/python tools/link.py && .venv/bin/python -m compileall -q src

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/clearway clearway \
    && install --directory --mode 0700 --owner clearway --group clearway /var/lib/clearway
COPY --from=build /opt/clearway /opt/clearway
COPY LICENSE README.md /opt/clearway/
ENV PATH="/opt/clearway/.venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    CLEARWAY_DATA_DIR=/var/lib/clearway
USER clearway
WORKDIR /var/lib/clearway
VOLUME /var/lib/clearway
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["clearway", "health"]
ENTRYPOINT ["clearway"]
CMD ["serve"]
