// Opens reports in a headless Chromium: no error, the curves are there, sorting and switching work.
// node .ci/report.mjs SCREENSHOTS REPORT.html…   with CHROMIUM naming the browser, if it is not /usr/bin/chromium.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [folder, ...reports] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
});

const column = (page, index) =>
  page.$$eval("#table tbody tr", (rows, i) => rows.map((row) => row.children[i].dataset.value ?? row.children[i].textContent), index);

// What is drawn on each canvas.
const curves = (page) => page.evaluate(() => [...document.querySelectorAll("canvas")].map((canvas) => {
  const chart = Chart.getChart(canvas);
  const inside = chart.data.datasets.every((set) => set.data.every(({ x, y }) => {
    const [px, py] = [chart.scales.x.getPixelForValue(x), chart.scales.y.getPixelForValue(y)];
    const { left, right, top, bottom } = chart.chartArea;
    return px >= left - 1 && px <= right + 1 && py >= top - 1 && py <= bottom + 1;
  }));
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  let drawn = 0;
  for (let i = 3; i < pixels.length; i += 4) drawn += pixels[i] > 0;
  const visible = chart.data.datasets.filter((set, i) => chart.isDatasetVisible(i) && set.data.length > 0);
  return { names: visible.map((set) => set.label), inside, drawn, axes: [chart.options.scales.x, chart.options.scales.y].map((s) => s.title.text) };
}));

for (const report of reports) {
  const page = await browser.newPage();
  const errors = [];
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => /^(file|data):/.test(request.url()) || errors.push(`asks for ${request.url()}`));
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(pathToFileURL(resolve(report)).href);
  const shot = async (name) => {
    await page.evaluate(() => { scrollTo(0, 0); document.querySelector(".wide").scrollLeft = 0; });
    await page.screenshot({ path: join(folder, `${basename(report, ".html")}-${name}.png`), fullPage: true });
  };

  // The curves of every layer of the table are in the first picture, with named axes.
  const layers = [...new Set(await page.$$eval("#table tbody tr", (rows) => rows.map((row) => row.dataset.layer)))];
  const before = await curves(page);
  assert(layers.length > 0 && before.length > 0);
  for (const chart of before) {
    assert(chart.drawn > 5000 && chart.inside, JSON.stringify(chart));
    assert(chart.axes.every((title) => title.length > 3));
  }
  // A layer whose NLL is infinite has a dash for it, and no curve.
  const dashed = await page.$$eval("#table tbody tr", (rows) => rows.filter((row) => row.children[1].textContent === "–").map((row) => row.dataset.layer));
  layers.filter((layer) => !dashed.includes(layer)).forEach((layer) => assert(before[0].names.includes(layer), layer));
  assert(dashed.length < layers.length);
  await shot("light");

  // Hovering over a point names it.
  const tip = await page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    const chart = Chart.getChart(canvas);
    const point = chart.getDatasetMeta(0).data.at(-1);
    const box = canvas.getBoundingClientRect();
    return { x: box.left + point.x, y: box.top + point.y };
  });
  await page.mouse.move(tip.x, tip.y);
  await page.waitForFunction(() => Chart.getChart(document.querySelector("canvas")).tooltip.opacity === 1);
  const text = await page.evaluate(() => Chart.getChart(document.querySelector("canvas")).tooltip.body.map((b) => b.lines.join(" ")));
  assert(layers.some((layer) => text.join(" ").includes(layer)), text.join(" "));

  // A layer is switched off and on.
  const button = (await page.$$("#layers button"))[0];
  await button.click();
  const without = await curves(page);
  assert.equal(without[0].names.length <= before[0].names.length - 1, true);
  assert(!without[0].names.includes(layers[0]));
  assert.equal(await page.$$eval("#table tr.off", (rows) => rows.every((row) => row.dataset.layer) && rows.length > 0), true);
  await button.click();
  assert.deepEqual((await curves(page))[0].names, before[0].names);

  // Every column sorts both ways; what is missing stays last.
  const headings = await page.$$("#table th button");
  for (let i = 0; i < headings.length; i += 1) {
    for (const direction of [1, -1]) {
      await headings[i].click();
      const cells = (await column(page, i)).filter((cell) => cell !== "–");
      const numbers = cells.map(Number);
      const order = (a, b) => (numbers.some(Number.isNaN) ? cells[a].localeCompare(cells[b]) : numbers[a] - numbers[b]);
      cells.slice(1).forEach((_, at) => assert(direction * order(at, at + 1) <= 0, `column ${i}: ${cells}`));
    }
  }

  // Dark, on a phone, and in print.
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  const [ink, paper] = await page.evaluate(() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]);
  assert.notEqual(ink, paper);
  await shot("dark");
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await page.setViewport({ width: 390, height: 844, isMobile: true, deviceScaleFactor: 2 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "wider than a phone");
  await shot("phone");
  await page.setViewport({ width: 1000, height: 1300 });
  await page.emulateMediaType("print");
  assert(await page.$$eval(".print svg", (pictures) => pictures.every((p) => p.getBoundingClientRect().height > 100)));
  await shot("print");
  // Where no script runs, as in the preview of a mail, there are pictures too.
  await page.emulateMediaType("screen");
  await page.setViewport({ width: 390, height: 844 });
  await page.setJavaScriptEnabled(false);
  await page.reload();
  assert(await page.$$eval(".print svg", (pictures) => pictures.length > 0 && pictures.every((p) => p.getBoundingClientRect().height > 100)));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "wider than a phone");
  await page.screenshot({ path: join(folder, `${basename(report, ".html")}-still.png`), fullPage: true });
  assert.deepEqual(errors, []);
  console.log(`${report}: ${before.length} pictures, ${layers.length} layers, no error`);
  await page.close();
}
await browser.close();
