// Plays a scene that helpers.animate.player wrote: everything shown was computed and recorded in Python.

const ICONS = {
  first: "M4 3h2.5v12H4zM15 3v12L7 9z", back: "M13 3v12L5 9z", play: "M5 2.5v13L16 9z", pause: "M4 3h3.6v12H4zM10.4 3H14v12h-3.6z",
  forward: "M5 3v12l8-6z", last: "M11.500 3H14v12h-2.500zM3 3v12l8-6z",
};
const icon = (name) => `<svg viewBox="0 0 18 18" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
const SPEEDS = { "0.5": 2400, "1": 1200, "2": 600, "4": 300 };

function startPlayer(host, scene, css) {
  if (host.shadowRoot) return;  // the script ran twice
  const shadow = host.attachShadow({ mode: "open" });
  const { input, kernel, output, steps } = scene;
  const pooling = scene.kind === "pooling", transposed = scene.kind === "transposed";
  shadow.innerHTML = `<style>${css}</style>
    <div class="card" role="group" aria-roledescription="animation" aria-label="${escapeText(scene.title)}" aria-describedby="about" tabindex="0">
      <div class="top"><h3>${escapeText(scene.title)}</h3><span class="soft">${escapeText(scene.settings)}</span></div>
      <p class="unseen-text" id="about">${escapeText(scene.alt)} Arrow keys step, space plays, Home and End go to the ends.</p>
      <div class="room"><div class="channels"></div><div class="outputs"></div></div>
      <p class="said number" aria-live="polite"></p>
      <div class="controls">
        <button type="button" data-go="first" aria-label="First step" title="First step (Home)">${icon("first")}</button>
        <button type="button" data-go="back" aria-label="Step back" title="Step back (left arrow)">${icon("back")}</button>
        <button type="button" data-go="play" class="main" aria-label="Play" title="Play or pause (space)">${icon("play")}</button>
        <button type="button" data-go="forward" aria-label="Step forward" title="Step forward (right arrow)">${icon("forward")}</button>
        <button type="button" data-go="last" aria-label="Last step" title="Last step (End)">${icon("last")}</button>
        <input type="range" min="0" value="0" step="1" aria-label="Step">
        <span class="count number soft"></span>
        <select aria-label="Speed" title="Speed">${Object.keys(SPEEDS).map((s) =>
    `<option value="${s}"${s === "1" ? " selected" : ""}>${s}×</option>`).join("")}</select>
        <button type="button" data-go="detail" aria-pressed="false" title="Stop at every single product">Each product</button>
      </div>
    </div>`;
  const $ = (selector) => shadow.querySelector(selector);
  const card = $(".card"), slider = $("input"), said = $(".said"), playButton = $('[data-go="play"]');

  const panel = (parent, title, grid) => {
    const box = document.createElement("div");
    box.className = "panel";
    box.innerHTML = `<h4>${title}</h4>`;
    if (grid) box.append(grid.svg);
    parent.append(box);
    return box;
  };
  const many = input.cells.length > 1;
  $(".channels").classList.toggle("single", !many);
  $(".room").style.setProperty("--across", input.columns + kernel.columns * (pooling ? 1 : 2) + output.columns + (pooling ? 1.8 : 2.4));
  const lines = input.cells.map((cells, c) => {
    const line = document.createElement("div");
    line.className = "channel";
    $(".channels").append(line);
    const where = many ? ` <span class="soft">channel ${c}</span>` : ` <span class="soft">${escapeText(input.note)}</span>`;
    const image = makeGrid({ rows: input.rows, columns: input.columns, inner: input.inner, name: `${input.name}${many ? `, channel ${c}` : ""}` });
    panel(line, escapeText(input.name) + where, image);
    cells.forEach((text, index) => image.write(index, text));
    let weights = null;
    if (!pooling) {
      weights = makeGrid({ rows: kernel.rows, columns: kernel.columns, name: "Kernel" });
      panel(line, `Kernel <span class="soft">${escapeText(kernel.note)}</span><span class="soft filter"></span>`, weights);
    }
    const products = makeGrid({ rows: kernel.rows, columns: kernel.columns, name: pooling ? "Values in the window" : "Products" });
    const box = panel(line, pooling ? "In the window" : transposed ? "Stamp" : "Products", products);
    const sum = document.createElement("p");
    sum.className = "sum number";
    box.append(sum);
    return { line, image, weights, products, sum, filter: line.querySelector(".filter") };
  });
  const maps = Array.from({ length: output.maps }, (_, map) => {
    const grid = makeGrid({ rows: output.rows, columns: output.columns, inner: output.inner, name: `Output${output.maps > 1 ? ` ${map}` : ""}` });
    const note = output.maps > 1 ? `${output.mapName} ${map}` : output.note;
    panel($(".outputs"), `Output <span class="soft">${escapeText(note)}</span>`, grid);
    return grid;
  });
  const area = kernel.rows * kernel.columns, plane = output.rows * output.columns;
  const coarse = steps.map((step, s) => [s, step.m.length - 1]);
  const fine = steps.flatMap((step, s) => step.m.map((_, k) => [s, k]));
  let frames = coarse, at = 0, timer = null;
  const detailed = () => frames === fine;

  // What the output holds after frame [s, k]: replayed from the record, so that going back is as easy as going forward.
  function outputAfter(s, k) {
    const values = maps.map(() => Array(plane).fill(transposed ? "0" : ""));
    for (let n = 0; n <= s; n++) {
      const step = steps[n];
      if (transposed) for (let t = 0; t < step.m.length && (n < s || t <= k); t++) values[0][step.g[t]] = step.r[t];
      else if (n < s || k === step.m.length - 1) values[step.a][step.o] = step.x;
    }
    return values;
  }

  function render() {
    const [s, k] = frames[at], step = steps[s], finished = k === step.m.length - 1;
    lines.forEach((line, c) => {
      const mine = scene.separate ? step.c === c : true;
      line.line.classList.toggle("quiet", !mine);
      line.image.clear();
      input.cells[c].forEach((text, index) => line.image.write(index, text));
      line.products.clear();
      for (let i = 0; i < area; i++) line.products.write(i, "");
      if (line.weights) {
        line.weights.clear();
        kernel.cells[step.f][c].forEach((text, i) => { line.weights.write(i, text); line.weights.mark(i, mine ? "weight" : ""); });
        line.filter.textContent = kernel.cells.length > 1 ? ` · filter ${step.f}` : "";
      }
      line.image.hideOutline();
      line.sum.innerHTML = "";
      if (!mine) return;
      const start = scene.separate ? 0 : c * area;
      for (let i = 0; i < area; i++) {
        const t = start + i, now = detailed() && t === k;
        const weight = pooling || transposed ? "" : "×" + kernel.cells[step.f][c][i];
        line.image.write(step.p[t], input.cells[c][step.p[t]], weight.length < 5 ? weight : "");
        if (!transposed || i === 0) line.image.mark(step.p[t], now && !transposed ? "tap now" : "tap");
        if (line.weights) line.weights.mark(i, now ? "weight now" : "weight");
        if (t <= k) { line.products.write(i, step.m[t]); line.products.mark(i, now ? "tap now" : t === step.b && finished ? "tap best" : "tap"); }
      }
      if (transposed) line.image.outline(Math.floor(step.p[0] / input.columns), step.p[0] % input.columns, 1, 1);
      else line.image.outline(step.w[0], step.w[1], scene.reach[0], scene.reach[1]);
      if (transposed) line.sum.innerHTML = `${escapeText(step.x)} × kernel`;
      else if (many && !scene.separate) line.sum.innerHTML = k >= start ? `channel sum <b>${escapeText(step.h[c][Math.min(k - start, area - 1)])}</b>` : "";
      else if (!pooling || scene.pool === "max") line.sum.innerHTML = `${pooling ? "largest" : "sum"}${step.z ? ` with bias ${escapeText(step.z)}` : ""} <b>${escapeText(step.r[k])}</b>`;
      else line.sum.innerHTML = finished ? `${escapeText(step.r[k])} / ${area} = <b>${escapeText(step.x)}</b>` : `sum <b>${escapeText(step.r[k])}</b>`;
    });
    const values = outputAfter(s, k);
    maps.forEach((grid, map) => {
      grid.clear();
      values[map].forEach((text, index) => { grid.write(index, text); if (text !== "" && !(transposed && text === "0")) grid.mark(index, "done"); });
      grid.hideOutline();
    });
    if (transposed) {
      step.g.forEach((target, t) => { if (t <= k) maps[0].mark(target, detailed() && t === k ? "here now" : "here"); });
      maps[0].outline(step.w[0], step.w[1], scene.reach[0], scene.reach[1], true);
    } else {
      maps[step.a].mark(step.o, finished ? "here" : "ahead");
      maps[step.a].outline(Math.floor(step.o / output.columns), step.o % output.columns, 1, 1, true);
    }
    said.textContent = detailed() && !finished ? single(step, k) : step.s;
    slider.max = frames.length - 1;
    slider.value = at;
    slider.setAttribute("aria-valuetext", `${at + 1} of ${frames.length}`);
    $(".count").textContent = `${at + 1} / ${frames.length}`;
    for (const [name, off] of [["first", at === 0], ["back", at === 0], ["forward", at === frames.length - 1], ["last", at === frames.length - 1]])
      $(`[data-go="${name}"]`).setAttribute("aria-disabled", String(off));
  }

  function single(step, k) {
    const channel = many && !scene.separate ? Math.floor(k / area) : step.c;
    if (pooling) return `Value ${step.m[k]}: ${scene.pool === "max" ? "largest so far" : "sum so far"} ${step.r[k]}`;
    const text = `${input.cells[channel][step.p[k]]} × ${kernel.cells[step.f][channel][k % area]} = ${step.m[k]}`;
    if (transposed) return `${text} is added to the output, which is now ${step.r[k]} there`;
    return `${many ? `Channel ${channel}: ` : ""}${text}, running sum ${step.r[k]}`;
  }

  function stop() {
    clearTimeout(timer);
    timer = null;
    said.setAttribute("aria-live", "polite");
    playButton.innerHTML = icon("play");
    playButton.setAttribute("aria-label", "Play");
  }
  function tick() {
    timer = setTimeout(() => {
      if (!host.isConnected || at === frames.length - 1) return stop();
      at++;
      render();
      if (at === frames.length - 1) stop();
      else tick();
    }, SPEEDS[$("select").value] / (detailed() ? 1.5 : 1));
  }
  function go(where) {
    if (where === "play") {
      if (timer) return stop();
      if (at === frames.length - 1) at = 0;
      said.setAttribute("aria-live", "off");  // a sentence a second would drown everything else a screen reader says
      playButton.innerHTML = icon("pause");
      playButton.setAttribute("aria-label", "Pause");
      render();
      return tick();
    }
    stop();
    if (where === "detail") {
      const [s] = frames[at];
      frames = detailed() ? coarse : fine;
      $('[data-go="detail"]').setAttribute("aria-pressed", String(detailed()));
      at = frames.findIndex(([n]) => n === s);
    } else {
      at = { first: 0, back: Math.max(at - 1, 0), forward: Math.min(at + 1, frames.length - 1), last: frames.length - 1 }[where];
    }
    render();
  }
  shadow.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) go(button.dataset.go);
  });
  slider.addEventListener("input", () => { stop(); at = Number(slider.value); render(); });
  card.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("select")) return;
    const where = { ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last" }[event.key];
    if (where && !event.target.matches("input")) go(where);
    else if (event.key === " " && !event.target.matches("button")) go("play");
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  render();
}
