/* Draws each chart from the table beside it, so that the two cannot differ; without this script the table says it all. */
"use strict";

(() => {
  const FONT = getComputedStyle(document.body).fontFamily;

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const series = (table) => {
    const headings = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    const drawn = headings.map((cell, column) => ({ cell, column })).filter(({ cell }) => "drawn" in cell.dataset);
    return {
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      datasets: drawn.map(({ cell, column }, place) => ({
        label: cell.textContent.trim(),
        data: rows.map((row) => (row.cells[column].dataset.value === "" ? null : Number(row.cells[column].dataset.value))),
        backgroundColor: token(`--series-${place + 1}`),
        borderColor: token("--paper"),
        borderWidth: 1,
        borderRadius: 3,
        maxBarThickness: 44,
      })),
    };
  };

  const settings = (figure, data) => {
    const upright = figure.dataset.upright === "yes";
    const stacked = figure.dataset.stacked === "yes";
    const ink = token("--soft");
    const values = { stacked, beginAtZero: true, border: { display: false }, grid: { color: token("--line") }, ticks: { color: ink, precision: 0 } };
    const places = { stacked, border: { color: token("--line") }, grid: { display: false }, ticks: { color: ink, autoSkip: upright } };
    return {
      type: "bar",
      data,
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        indexAxis: upright ? "x" : "y",
        font: { family: FONT },
        scales: upright ? { x: places, y: values } : { x: values, y: places },
        plugins: {
          legend: { position: "top", align: "start", labels: { color: token("--ink"), boxWidth: 12, boxHeight: 12, padding: 16 } },
          tooltip: { mode: "index", intersect: false, backgroundColor: token("--ink"), titleColor: token("--paper"), bodyColor: token("--paper") },
        },
      },
    };
  };

  const draw = (figure) => {
    const data = series(document.getElementById(figure.dataset.chartOf));
    const rows = figure.dataset.upright === "yes" ? 8 : Math.min(40, data.labels.length);
    figure.hidden = false;
    figure.querySelector(".canvas").style.height = `${Math.max(240, 90 + rows * 34)}px`;
    return new Chart(figure.querySelector("canvas"), settings(figure, data));
  };

  Chart.defaults.font.family = FONT;
  Chart.defaults.font.size = 13;
  const figures = [...document.querySelectorAll("figure[data-chart-of]")];
  let charts = figures.map(draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    charts.forEach((chart) => chart.destroy());
    charts = figures.map(draw);
  });
})();
