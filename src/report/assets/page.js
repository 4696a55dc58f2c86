"use strict";
(() => {
  const { charts } = JSON.parse(document.getElementById("data").textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const off = new Set();
  const drawn = [];

  const scaled = (x, steps) => {
    let at = 0;
    while (at + 1 < steps.length && x >= steps[at + 1][0] * 0.9995) at += 1;
    const value = Number((x / steps[at][0]).toPrecision(3));
    return `${value.toLocaleString("en")}${steps[at][1]}`;
  };
  const units = {
    count: (x) => Math.round(x).toLocaleString("en"),
    nanoseconds: (x) => scaled(x, [[1, " ns"], [1e3, " µs"], [1e6, " ms"], [1e9, " s"]]),
    seconds: (x) => scaled(x, [[1e-6, " µs"], [1e-3, " ms"], [1, " s"], [60, " min"], [3600, " h"], [86400, " days"]]),
    bytes: (x) => scaled(x, [[1, " B"], [1e3, " kB"], [1e6, " MB"], [1e9, " GB"]]),
    nats: (x) => `${x.toFixed(3)} nats`,
  };
  const tick = (unit) => {
    if (unit === "nats") return (x) => Number(x.toPrecision(4)).toString();
    if (unit === "count") return (x) => scaled(x, [[1, ""], [1e3, "k"], [1e6, "M"], [1e9, "G"]]);
    return units[unit];
  };

  const colour = (look) => (look.colour === "#000000" ? css("--ink") : look.colour);

  const axis = (of) => ({
    type: of.log ? "logarithmic" : "linear",
    title: { display: true, text: of.label, color: css("--ink") },
    grid: { color: css("--line") },
    border: { color: css("--soft") },
    ticks: {
      color: css("--soft"),
      maxRotation: 0,
      autoSkip: !of.log,
      callback(value, index, all) {
        if (!of.log) return tick(of.unit)(value);
        // One, two and five of a decade where there are few decades for the room, else the ones only.
        const span = Math.log10(all[all.length - 1].value / all[0].value);
        const first = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
        const room = (this.isHorizontal() ? this.width : this.height) / span;
        const shown = room > 160 ? [1, 2, 5] : [1];
        return shown.some((digit) => Math.abs(first - digit) < 1e-6) ? tick(of.unit)(value) : null;
      },
    },
  });

  const curve = (series) => ({
    label: series.name,
    data: series.points.map(([x, y]) => ({ x, y })),
    hidden: off.has(series.name),
    borderColor: colour(series.look),
    backgroundColor: colour(series.look),
    borderDash: series.look.dash,
    borderWidth: 2,
    pointStyle: series.look.marker,
    pointRadius: 3.5,
    pointHoverRadius: 6,
    tension: 0,
  });

  // Points that no visible point beats and no visible line passes below. Lower is better on both axes.
  const front = (chart) => {
    const seen = chart.series.filter((s) => !off.has(s.name)).flatMap((s) => s.points);
    seen.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const place = ([x, y]) => [chart.x.log ? Math.log(x) : x, chart.y.log ? Math.log(y) : y];
    const lines = chart.series.filter((s) => !off.has(s.name)).flatMap((s) => s.points.slice(1).map((p, i) => [place(s.points[i]), place(p)]));
    const isBelow = ([[x0, y0], [x1, y1]], [x, y]) => x0 < x && x < x1 && y0 + ((y1 - y0) * (x - x0)) / (x1 - x0) < y;
    let least = Infinity;
    const best = seen.filter((p) => p[1] < least && !lines.some((line) => isBelow(line, place(p))) && ((least = p[1]), true));
    return best.map(([x, y]) => ({ x, y, name: "Pareto front" }));
  };

  const config = (chart) => {
    const xs = chart.series.flatMap((s) => s.points.map((p) => p[0]));
    const levels = chart.levels.map((level) => ({
      label: level.name,
      data: [{ x: Math.min(...xs), y: level.y }, { x: Math.max(...xs), y: level.y }],
      borderColor: css("--soft"),
      backgroundColor: css("--soft"),
      borderDash: [3, 3],
      borderWidth: 1,
      pointRadius: 0,
      pointHoverRadius: 3,
    }));
    const marks = chart.marks.length === 0 ? [] : [{
      label: "crossovers",
      data: chart.marks.filter((m) => !m.of.some((name) => off.has(name))).map((m) => ({ x: m.at[0], y: m.at[1], name: m.name })),
      showLine: false,
      pointStyle: "circle",
      pointRadius: 9,
      pointHoverRadius: 11,
      borderColor: css("--ink"),
      backgroundColor: "transparent",
      borderWidth: 1.5,
    }];
    const fronts = chart.front.length === 0 ? [] : [{
      label: "Pareto front",
      data: front(chart),
      order: 1,
      borderColor: css("--front"),
      backgroundColor: css("--front"),
      borderWidth: 9,
      pointRadius: 0,
      pointHitRadius: 0,
      pointHoverRadius: 0,
    }];
    const text = (item) => {
      if (item.raw.name) return item.raw.name;
      const { x, y } = item.raw;
      return `${item.dataset.label}: ${units[chart.y.unit](y)} at ${units[chart.x.unit](x)}${chart.x.unit === "count" ? " words" : ""}`;
    };
    return {
      type: "line",
      data: { datasets: [...chart.series.map(curve), ...levels, ...marks, ...fronts] },
      options: {
        parsing: false,
        responsive: true,
        maintainAspectRatio: false,
        animation: false,
        interaction: { mode: "nearest", intersect: false },
        scales: { x: axis(chart.x), y: axis(chart.y) },
        plugins: {
          legend: { display: false },
          tooltip: { callbacks: { title: () => "", label: text }, displayColors: false },
        },
      },
    };
  };

  const draw = () => {
    drawn.splice(0).forEach((chart) => chart.destroy());
    charts.forEach((chart) => {
      drawn.push(new Chart(document.getElementById(`chart-${chart.id}`), config(chart)));
    });
  };

  const rows = () => [...document.querySelectorAll("#table tbody tr")];

  const swatch = (look) => {
    const make = (name, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
      return element;
    };
    const stroke = look.colour === "#000000" ? "currentColor" : look.colour;
    const svg = make("svg", { width: 26, height: 12, "aria-hidden": "true" });
    svg.append(make("path", { d: "M0 6H26", stroke, "stroke-width": 2.5, "stroke-dasharray": look.dash.join(" ") }));
    const shapes = {
      circle: "M13 2a4 4 0 1 0 .01 0Z", rect: "M9 2h8v8h-8Z", triangle: "M13 1l5 9h-10Z", rectRot: "M13 1l5 5l-5 5l-5-5Z",
      crossRot: "M9 2l8 8M17 2l-8 8",
    };
    svg.append(make("path", { d: shapes[look.marker], fill: stroke, stroke }));
    return svg;
  };

  const buttons = () => {
    const looks = new Map(charts.flatMap((chart) => chart.series.map((s) => [s.name, s.look])));
    const nav = document.getElementById("layers");
    looks.forEach((look, name) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(swatch(look), name);
      button.addEventListener("click", () => {
        if (!off.delete(name)) off.add(name);
        button.setAttribute("aria-pressed", String(!off.has(name)));
        rows().filter((row) => row.dataset.layer === name).forEach((row) => row.classList.toggle("off", off.has(name)));
        draw();
      });
      nav.append(button);
    });
  };

  const sorting = () => {
    const headings = [...document.querySelectorAll("#table th")];
    const key = (row, column) => {
      const cell = row.children[column];
      return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
    };
    headings.forEach((heading, column) => heading.addEventListener("click", () => {
      const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      const order = (a, b) => {
        const [x, y] = [key(a, column), key(b, column)];
        if (x === null && y === null) {
          return direction * a.children[column].textContent.localeCompare(b.children[column].textContent);
        }
        // What is missing comes last, either way.
        if (x === null || y === null) return x === null ? 1 : -1;
        return direction * (x - y);
      };
      document.querySelector("#table tbody").append(...rows().sort(order));
    }));
  };

  buttons();
  sorting();
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
