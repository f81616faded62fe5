// The explorer's page: controls, drawings and sentences around the functions of arithmetic.js and draw.js.

const DRAWN = 16;  // cells across that can still be read
const SHOWN = 3;  // channels drawn side by side
const WORKED = {
  image: [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]],
  kernel: [[0, 1, 2], [2, 2, 0], [0, 1, 2]],
};
const KINDS = { convolution: "Convolution", depthwise: "Depthwise", transposed: "Transposed", max: "Max pooling", average: "Average pooling" };
// Name, symbol, and where its slider ends; the number beside it goes farther.
const CONTROLS = {
  size: ["Input size", "W", 1, 32], kernel: ["Kernel size", "K", 1, 11], padding: ["Padding", "P", 0, 8], stride: ["Stride", "S", 1, 6],
  dilation: ["Dilation", "D", 1, 6], outputPadding: ["Output padding", "E", 0, 5], channels: ["Input channels", "C", 1, 16],
  filters: ["Filters", "F", 1, 16],
};
const conv = (kernel, filters, more = {}) => ({ kind: "convolution", kernel, stride: 1, padding: 0, dilation: 1, filters, ...more });
const pool = (kernel, more = {}) => ({ kind: "max", kernel, stride: kernel, padding: 0, dilation: 1, filters: 1, ...more });
const PRESETS = {
  "LeNet-5": [32, 1, [conv(5, 6), pool(2, { kind: "average" }), conv(5, 16), pool(2, { kind: "average" }), conv(5, 120)]],
  "Two layers 3 × 3": [16, 16, [conv(3, 16), conv(3, 16)]],
  "One layer 5 × 5": [16, 16, [conv(5, 16)]],
  "Dilated by 1, 2, 4": [32, 8, [conv(3, 8, { padding: 1 }), conv(3, 8, { padding: 2, dilation: 2 }), conv(3, 8, { padding: 4, dilation: 4 })]],
  "Separable: depthwise, then 1 × 1": [32, 32, [conv(3, 1, { kind: "depthwise", padding: 1 }), conv(1, 64)]],
  "Down and up again": [32, 3, [conv(3, 16, { padding: 1, stride: 2 }), conv(3, 32, { padding: 1, stride: 2 }),
    conv(2, 16, { kind: "transposed", stride: 2 }), conv(2, 3, { kind: "transposed", stride: 2 })]],
  "VGG-16, two blocks": [224, 3, [conv(3, 64, { padding: 1 }), conv(3, 64, { padding: 1 }), pool(2), conv(3, 128, { padding: 1 }),
    conv(3, 128, { padding: 1 }), pool(2)]],
  "ResNet, first layers": [224, 3, [conv(7, 64, { padding: 3, stride: 2 }), pool(3, { padding: 1, stride: 2 }), conv(3, 64, { padding: 1 }), conv(3, 64, { padding: 1 })]],
};
const count = (n) => n.toLocaleString("en-US");
const minus = (n) => String(n).replace("-", "−");
const bracket = (n) => n < 0 ? `(${minus(n)})` : String(n);

// The same small numbers every time; another seed gives others.
function noise(seed, ...at) {
  let h = 2166136261 ^ seed;
  for (const n of at) { h = Math.imul(h ^ (n + 7), 16777619); h ^= h >>> 13; }
  return (Math.imul(h, 2246822519) >>> 8) % 4;
}

function startExplorer(host, start, css) {
  if (host.shadowRoot) return;  // the script ran twice
  const A = arithmetic, shadow = host.attachShadow({ mode: "open" });
  const s = { kind: "convolution", size: 5, kernel: 3, padding: 0, stride: 1, dilation: 1, outputPadding: 0, channels: 1, filters: 1, bias: true, ...start.layer };
  const state = { row: 0, column: 0, map: 0, seed: 0, unit: null, input: { size: 32, channels: 1 }, layers: [], said: false };
  const control = ([field, [name, symbol, least, most]]) => `<div class="field" data-field="${field}">
    <label for="n-${field}">${name} <span class="soft"><i>${symbol}</i></span></label>
    <input type="range" min="${least}" max="${most}" step="1" aria-label="${name}">
    <input type="number" id="n-${field}" min="${A.LIMITS[field][0]}" max="${A.LIMITS[field][1]}" step="1" inputmode="numeric" aria-describedby="problem"></div>`;
  shadow.innerHTML = `<style>${css}</style>
  <div class="card" role="group" aria-label="Convolution explorer">
    <h3>Convolution explorer</h3>
    <div class="tabs" role="tablist" aria-label="What to explore">
      <button type="button" role="tab" id="tab-layer" aria-controls="layer">One layer</button>
      <button type="button" role="tab" id="tab-stack" aria-controls="stack">A stack of layers</button></div>
    <section id="layer" role="tabpanel" aria-labelledby="tab-layer">
      <div class="layout"><div class="side">
        <fieldset><legend>Kind</legend><div class="segments" role="radiogroup" aria-label="Kind of layer">
          ${["convolution", "depthwise", "transposed"].map((kind) => `<button type="button" role="radio" data-kind="${kind}">${KINDS[kind]}</button>`).join("")}</div></fieldset>
        ${Object.entries(CONTROLS).map(control).join("")}
        <label class="check"><input type="checkbox" data-bias> Bias: one number a map</label>
        <div class="small" role="group" aria-label="Set the padding">
          <button type="button" data-pad="valid">valid</button><button type="button" data-pad="same">same</button><button type="button" data-pad="full">full</button>
          <button type="button" data-reset>Worked example</button></div>
      </div><div class="main">
        <div class="headline number"></div>
        <p class="problem" id="problem" role="alert"></p>
        <div class="formula"></div>
        <p class="note"></p>
        <dl class="number"></dl>
        <div class="volumebox"></div>
      </div></div>
      <div class="drawn">
        <p class="hint soft"></p>
        <div class="small maps" role="group" aria-label="Which map is drawn"></div>
        <div class="room"><div class="lines"></div><div class="out"></div></div>
        <p class="said number" aria-live="polite"></p>
        <div class="small"><button type="button" data-step="-1">◀ Back</button><button type="button" data-step="1">Next cell ▶</button>
          <button type="button" data-seed>New numbers</button></div>
      </div>
      <p class="unseen-text" role="status" data-status></p>
    </section>
    <section id="stack" role="tabpanel" aria-labelledby="tab-stack">
      <div class="start">
        <label>Start from <select data-preset>${Object.keys(PRESETS).map((name) => `<option>${name}</option>`).join("")}<option value="" hidden>your own</option></select></label>
        <label>Input size <input type="number" data-input="size" min="1" max="512"></label>
        <label>Channels <input type="number" data-input="channels" min="1" max="4096"></label>
      </div>
      <ol class="layers"></ol>
      <p class="small" style="margin-top:10px"><button type="button" data-add="convolution">+ Convolution</button><button type="button" data-add="max">+ Pooling</button></p>
      <p class="total number" role="status"></p>
      <div class="coneholder"></div>
      <label class="wide"><span class="soft">Unit of the last layer</span><input type="range" data-unit min="0" step="1"></label>
    </section>
  </div>`;
  const $ = (selector, from = shadow) => from.querySelector(selector);
  const $$ = (selector, from = shadow) => [...from.querySelectorAll(selector)];

  // ------------------------------------------------------------------------------------------------ tabs and controls

  function tab(name, focus = false) {
    for (const which of ["layer", "stack"]) {
      const button = $(`#tab-${which}`), chosen = which === name;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      $(`#${which}`).hidden = !chosen;
      if (chosen && focus) button.focus();
    }
  }
  $(".tabs").addEventListener("click", (event) => { if (event.target.id) tab(event.target.id.slice(4)); });
  $(".tabs").addEventListener("keydown", (event) => {
    if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) { event.preventDefault(); tab($("#stack").hidden ? "stack" : "layer", true); }
  });
  for (const box of $$(".field")) {
    const field = box.dataset.field, [slider, number] = $$("input", box);
    slider.addEventListener("input", () => { s[field] = Number(slider.value); refresh(); });
    number.addEventListener("input", () => { s[field] = number.value.trim() === "" ? NaN : Number(number.value); refresh(number); });
  }
  const kinds = $$("[data-kind]");
  const chooseKind = (button, focus) => { s.kind = button.dataset.kind; refresh(); if (focus) button.focus(); };
  kinds.forEach((button, index) => {
    button.addEventListener("click", () => chooseKind(button));
    button.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (way) { event.preventDefault(); chooseKind(kinds[(index + way + kinds.length) % kinds.length], true); }
    });
  });
  $("[data-bias]").addEventListener("change", (event) => { s.bias = event.target.checked; refresh(); });
  $$("[data-pad]").forEach((button) => button.addEventListener("click", () => {
    const both = { valid: 0, same: A.reach(s) - 1, full: 2 * (A.reach(s) - 1) }[button.dataset.pad];
    if (Number.isInteger(both / 2)) { s.padding = both / 2; return refresh(); }
    if (Number.isInteger(both)) $(".problem").textContent = `A kernel reaching ${A.reach(s)} pixels keeps the size only with ${both} rows of padding in all, `
      + `${(both - 1) / 2} above and ${(both + 1) / 2} below. Here both sides get the same: choose a kernel with an odd reach.`;
  }));
  $("[data-reset]").addEventListener("click", () => {
    Object.assign(s, { kind: "convolution", size: 5, kernel: 3, padding: 0, stride: 1, dilation: 1, outputPadding: 0, channels: 1, filters: 1 });
    Object.assign(state, { row: 0, column: 0, map: 0, seed: 0 });
    refresh();
  });
  $("[data-seed]").addEventListener("click", () => { state.seed++; refresh(); });

  // -------------------------------------------------------------------------------------------------------- one layer

  let statusTimer = null;
  function refresh(typing = null) {
    const wanted = A.fields(s.kind), wrong = A.problems(s);
    for (const box of $$(".field")) {
      const field = box.dataset.field, [slider, number] = $$("input", box);
      box.hidden = !wanted.includes(field);
      if (Number.isFinite(s[field])) { slider.value = s[field]; if (number !== typing) number.value = s[field]; }
      number.setAttribute("aria-invalid", String(wrong.some((p) => p.field === field)));
    }
    for (const button of kinds) {
      const chosen = button.dataset.kind === s.kind;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    $("[data-bias]").checked = s.bias;
    $$("[data-pad]").forEach((button) => { button.hidden = s.kind === "transposed"; });
    $(".problem").textContent = wrong.map((p) => p.why).join(" ");
    const possible = !wrong.length;
    for (const part of ["dl", ".volumebox", ".drawn"]) $(part).hidden = !possible;
    $(".note").textContent = possible ? remarks() : "";
    $(".formula").innerHTML = wrong.some((p) => !["kernel", "padding", "outputPadding"].includes(p.field)) || !A.fields(s.kind).every((f) => Number.isInteger(s[f])) ? "" : formula(possible);
    if (!possible) { $(".headline").innerHTML = "<span>Impossible</span>"; return; }
    const out = A.outputSize(s), maps = A.outputMaps(s);
    $(".headline").innerHTML = `<span>${s.size} × ${s.size} × ${s.channels}</span><span class="arrow" aria-label="becomes">→</span><span>${out} × ${out} × ${maps}</span>` +
      '<span class="soft">height × width × channels</span>';
    facts(out, maps);
    $(".volumebox").innerHTML = volumes(out, maps);
    draw(out, maps);
    clearTimeout(statusTimer);
    statusTimer = setTimeout(() => {
      if (state.said) $("[data-status]").textContent = `Output ${out} by ${out} by ${maps}, ${count(A.parameters(s))} parameters, receptive field ${A.span(s)} by ${A.span(s)}.`;
      state.said = true;  // silent when the page opens
    }, 600);
  }

  function formula(possible) {
    const reach = A.reach(s), row = (words, ...parts) => `<div role="math" aria-label="${words}">${parts.map((part) => `<span>${part}</span>`).join("")}</div>`;
    const fraction = (top, bottom) => `<span class="floor"><span class="fraction"><span>${top}</span><span>${bottom}</span></span></span> + 1`;
    const result = possible ? `= <b>${A.outputSize(s)}</b>` : "= impossible", said = possible ? A.outputSize(s) : "impossible";
    const first = row(`The kernel's reach: K prime = D times (K − 1) + 1 = ${reach}`, "<i>K</i>′ = <i>D</i> (<i>K</i> − 1) + 1", `= ${s.dilation}·(${s.kernel} − 1) + 1`, `= <b>${reach}</b>`);
    if (s.kind === "transposed")
      return first + row(`Output size: O = (W − 1) times S + K prime − 2 P + E = ${said}`, "<i>O</i> = (<i>W</i> − 1) <i>S</i> + <i>K</i>′ − 2<i>P</i> + <i>E</i>",
        `= (${s.size} − 1)·${s.stride} + ${reach} − 2·${s.padding} + ${s.outputPadding}`, result);
    return first + row(`Output size: O = floor((W + 2 P − K prime) / S) + 1 = floor((${s.size} + 2 times ${s.padding} − ${reach}) / ${s.stride}) + 1 = ${said}`,
      `<i>O</i> = ${fraction("<i>W</i> + 2<i>P</i> − <i>K</i>′", "<i>S</i>")}`, `= ${fraction(`${s.size} + 2·${s.padding} − ${reach}`, s.stride)}`, result);
  }

  function remarks() {
    const told = [], used = A.uses(s), over = A.leftOver(s);
    if (s.kind !== "transposed") {
      const unseen = used.input.flatMap((n, i) => n ? [] : [i]);
      if (over) told.push(`(${s.size} + 2·${s.padding} − ${A.reach(s)}) is not a multiple of ${s.stride}: the floor drops ${over === 1 ? "the last row and column" : `the last ${over} rows and columns`} of the padded input.`);
      if (unseen.length) told.push(`No window looks at ${unseen.length === 1 ? "row and column" : "rows and columns"} ${list(unseen)}: `
        + `${count(s.size ** 2 - (s.size - unseen.length) ** 2)} of ${count(s.size ** 2)} pixels have no influence.`);
      if (used.output.some((n) => n === 0)) told.push("The outermost output cells see nothing but padding.");
    } else {
      const low = Math.min(...used.output), high = Math.max(...used.output);
      if (low === 0) told.push("Some output rows and columns get no product at all: they stay 0 (plus bias).");
      else if (high > low && s.kernel % s.stride) told.push(`${s.kernel} is not a multiple of the stride ${s.stride}, so neighbouring output cells get different numbers of products `
        + `(${low ** 2} to ${high ** 2}): a checkerboard pattern.`);
    }
    return told.join(" ");
  }
  const list = (numbers) => numbers.length > 6 ? `${numbers.slice(0, 5).join(", ")} and ${numbers.length - 5} more` : numbers.length > 1 ? `${numbers.slice(0, -1).join(", ")} and ${numbers[numbers.length - 1]}` : String(numbers[0]);

  function facts(out, maps) {
    const k2 = `${s.kernel}·${s.kernel}·${s.channels}`, each = s.kind === "depthwise" ? "" : `·${s.filters}`;
    const cells = s.kind === "transposed" ? s.size : out;
    const dense = s.size ** 2 * s.channels * out ** 2 * maps + (s.bias ? out ** 2 * maps : 0);
    const rows = [
      ["Parameters", `${k2}${each}${s.bias ? ` + ${maps}` : ""} = <b>${count(A.parameters(s))}</b>`],
      ["A dense layer instead", `<b>${count(dense)}</b>${A.parameters(s) < dense ? `, ${count(Math.round(dense / A.parameters(s)))} times as many` : ""}`],
      ["Multiply-adds", `${cells}·${cells}·${k2}${each} = <b>${count(A.multiplyAdds(s))}</b>`],
      ["Receptive field", `<b>${A.span(s)} × ${A.span(s)}</b> ${s.kind === "transposed" ? "cells, at most" : "pixels: <i>K</i>′ × <i>K</i>′"}`],
    ];
    $("dl").innerHTML = rows.map(([name, text]) => `<dt>${name}</dt><dd>${text}</dd>`).join("");
  }

  // Blocks whose sides go with the sizes, and whose depth goes with the logarithm of the channels.
  function volumes(out, maps) {
    const most = Math.max(s.size, out, s.kernel), side = (n) => 14 + 76 * n / most, deep = (c) => 5 + 7 * Math.log2(c + 1);
    const block = (middle, n, c, fill, dark, label, note) => {
      const a = side(n), d = deep(c), x = middle - (a + d) / 2, y = 128 - a;
      return `<g fill="${fill}" stroke="${dark}" stroke-linejoin="round"><path d="M${x} ${y}h${a}v${a}h${-a}z"/><path d="M${x} ${y}l${d} ${-d * 0.55}h${a}l${-d} ${d * 0.55}z" fill-opacity=".75"/>` +
        `<path d="M${x + a} ${y}l${d} ${-d * 0.55}v${a}l${-d} ${d * 0.55}z" fill-opacity=".5"/></g><text x="${middle}" y="150">${label}</text><text class="soft" x="${middle}" y="168">${note}</text>`;
    };
    const depth = s.kind === "depthwise" ? 1 : s.channels, number = s.kind === "depthwise" ? s.channels : s.filters;
    return `<svg class="volumes" viewBox="0 0 520 176" role="img" aria-label="An input volume of ${s.size} by ${s.size} by ${s.channels}, ${number} kernels of ${s.kernel} by ${s.kernel} by ${depth}, and an output volume of ${out} by ${out} by ${maps}.">` +
      block(90, s.size, s.channels, "#fbe6b8", "#b98000", `${s.size} × ${s.size} × ${s.channels}`, "input") +
      `<text class="sign" x="182" y="100">∗</text>` +
      block(262, s.kernel, depth, "#cfe4f2", "#2f7fb0", `${count(number)} × (${s.kernel} × ${s.kernel} × ${depth})`, number === 1 ? "one filter" : s.kind === "depthwise" ? "one filter a channel" : "filters") +
      `<text class="sign" x="345" y="100">→</text>` + block(432, out, maps, "#c3e6da", "#00805e", `${out} × ${out} × ${maps}`, number === 1 ? "output" : "one map a filter") + "</svg>";
  }

  const pixel = (channel, row, column) => row < 0 || column < 0 || row >= s.size || column >= s.size ? 0
    : state.seed === 0 && channel === 0 && row < 5 && column < 5 ? WORKED.image[row][column] : noise(state.seed, 1, channel, row, column);
  const weight = (map, channel, u, v) => state.seed === 0 && s.kernel === 3 && map === 0 && channel === 0 ? WORKED.kernel[u][v] : noise(state.seed, 2, map, channel, u, v) - 1;

  let view = null;  // grids of the drawing, and the sizes that they were made for
  function draw(out, maps) {
    const transposed = s.kind === "transposed", pad = transposed ? 0 : s.padding, across = s.size + 2 * pad;
    const fits = across <= DRAWN && out <= DRAWN && s.kernel <= 11;
    state.row = Math.min(state.row, out - 1);
    state.column = Math.min(state.column, out - 1);
    state.map = Math.min(state.map, maps - 1);
    for (const part of [".drawn .room", ".drawn .said", ".drawn .small:not(.maps)"]) $(part).hidden = !fits;
    $(".maps").hidden = !fits || maps < 2;
    if (!fits) { $(".hint").textContent = `Drawn cell by cell up to ${DRAWN} cells across; the arithmetic above goes on to 512.`; return; }
    const own = s.kind === "depthwise";
    const channels = own ? [state.map] : Array.from({ length: Math.min(s.channels, SHOWN) }, (_, c) => c);
    const cut = !own && s.channels > SHOWN ? ` Drawn are ${SHOWN} of ${s.channels} channels, and the sums are those of the three.` : "";
    $(".hint").innerHTML = `<span>Choose an output cell: point at it, or use the arrow keys.${cut}${s.bias ? " The bias is drawn as 0." : ""}</span><br>` +
      '<span class="key"><i class="swatch tap"></i>meets the kernel</span>' + (pad ? '<span class="key"><i class="swatch outside"></i>padding</span>' : "") +
      (A.uses(s).input.includes(0) ? '<span class="key"><i class="swatch hatched"></i>never looked at</span>' : "");
    const buttons = Math.min(maps, 8);
    $(".maps").innerHTML = Array.from({ length: buttons }, (_, m) => `<button type="button" data-map="${m}" aria-pressed="${m === state.map}">${own ? "channel" : "filter"} ${m}</button>`).join("") +
      (maps > buttons ? `<span class="check soft">and ${maps - buttons} more</span>` : "");
    state.map = Math.min(state.map, buttons - 1);
    const key = [s.kind, across, s.kernel, out, channels.length].join();
    if (!view || view.key !== key) build(key, across, pad, out, channels.length);
    view.channels = channels;
    view.values = Array.from({ length: out * out }, (_, i) => total(Math.floor(i / out), i % out));
    select(state.row, state.column, false);
  }

  function build(key, across, pad, out, lines) {
    const inner = { top: pad, left: pad, rows: s.size, columns: s.size };
    const panel = (title, grid) => {
      const box = document.createElement("div");
      box.className = "panel";
      box.innerHTML = `<h4>${title}</h4>`;
      box.append(grid.svg);
      return box;
    };
    const holder = $(".lines");
    holder.innerHTML = "";
    holder.classList.toggle("many", lines > 1);
    $(".room").style.setProperty("--across", across + 2 * s.kernel + out + 2.4);
    view = { key, across, pad, out, lines: [] };
    for (let c = 0; c < lines; c++) {
      const line = document.createElement("div"), image = makeGrid({ rows: across, columns: across, inner, name: "Input" });
      const kernel = makeGrid({ rows: s.kernel, columns: s.kernel, name: "Kernel" }), products = makeGrid({ rows: s.kernel, columns: s.kernel, name: "Products" });
      line.className = "line";
      const last = panel("Products", products), sum = document.createElement("p");
      sum.className = "sum number";
      last.append(sum);
      line.append(panel('Input <span class="soft"></span>', image), panel('Kernel <span class="soft"></span>', kernel), last);
      holder.append(line);
      view.lines.push({ image, kernel, products, sum, titles: $$("h4 .soft", line) });
    }
    view.output = makeGrid({ rows: out, columns: out, name: "Output: choose a cell with the arrow keys", cellRole: "gridcell" });
    $(".out").replaceChildren(panel(`Output <span class="soft">${out} × ${out}</span>`, view.output));
    view.output.cells.forEach((cell, index) => {
      const row = Math.floor(index / out), column = index % out;
      cell.node.addEventListener("click", () => select(row, column, true, true));
      cell.node.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") select(row, column, false); });
    });
    view.output.svg.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -out], End: [0, out] }[event.key];
      if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const inside = (n) => Math.max(0, Math.min(out - 1, n));
      select(inside(state.row + move[0]), inside(state.column + move[1]), true, true);
    });
  }

  const pairs = (row, column) => A.taps(s, row).flatMap((a) => A.taps(s, column).map((b) => ({ row: a.from, column: b.from, u: a.kernel, v: b.kernel })));
  const products = (row, column, c) => pairs(row, column).map((t) => ({ ...t, value: pixel(c, t.row, t.column), weight: weight(state.map, c, t.u, t.v) }));
  const total = (row, column) => view.channels.reduce((sum, c) => sum + products(row, column, c).reduce((n, t) => n + t.value * t.weight, 0), 0);

  function select(row, column, aloud, focus = false) {
    Object.assign(state, { row, column });
    const { out, across, pad, channels } = view, transposed = s.kind === "transposed", sums = [];
    const used = A.uses(s).input;
    view.lines.forEach((line, n) => {
      const c = channels[n], found = products(row, column, c);
      line.titles[0].textContent = `${s.size} × ${s.size}${pad ? ` in ${across} × ${across}` : ""}${s.channels > 1 ? `, channel ${c}` : ""}`;
      line.titles[1].textContent = `${s.kernel} × ${s.kernel}`;
      for (let i = 0; i < across * across; i++) {
        const r = Math.floor(i / across) - pad, k = i % across - pad, inside = r >= 0 && k >= 0 && r < s.size && k < s.size;
        line.image.write(i, minus(pixel(c, r, k)));
        line.image.mark(i, inside && (!used[r] || !used[k]) ? "unseen" : "");
      }
      for (let i = 0; i < s.kernel ** 2; i++) {
        line.kernel.write(i, minus(weight(state.map, c, Math.floor(i / s.kernel), i % s.kernel)));
        line.kernel.mark(i, transposed ? "pale" : "weight");
        line.products.write(i, "");
        line.products.mark(i, "pale");
      }
      for (const t of found) {
        const i = (t.row + pad) * across + t.column + pad, k = t.u * s.kernel + t.v;
        line.image.write(i, minus(t.value), "×" + minus(t.weight));
        line.image.mark(i, "tap");
        line.kernel.mark(k, "weight");
        line.products.write(k, minus(t.value * t.weight));
        line.products.mark(k, "tap");
      }
      if (transposed) line.image.hideOutline();
      else line.image.outline(row * s.stride, column * s.stride, A.reach(s), A.reach(s));
      sums.push(found.reduce((sum, t) => sum + t.value * t.weight, 0));
      line.sum.innerHTML = `${channels.length > 1 ? "channel sum" : "sum"} <b>${minus(sums[n])}</b>`;
    });
    view.output.clear();
    view.output.cells.forEach((cell, i) => {
      const here = i === row * out + column;
      view.output.write(i, minus(view.values[i]));
      view.output.mark(i, here ? "here" : "done");
      cell.node.setAttribute("tabindex", here ? "0" : "-1");
      cell.node.setAttribute("aria-selected", String(here));
      cell.node.setAttribute("aria-label", `row ${Math.floor(i / out)}, column ${i % out}: ${minus(view.values[i])}`);
    });
    const said = $(".said"), value = minus(view.values[row * out + column]);
    said.setAttribute("aria-live", aloud ? "polite" : "off");
    const parts = products(row, column, channels[0]).map((t) => `${bracket(t.value)}×${bracket(t.weight)}`);
    said.textContent = `Output [${row}, ${column}]: ` + (channels.length > 1 ? channels.map((c, n) => `channel ${c} gives ${minus(sums[n])}`).join(", ") + `; the sum is ${value}`
      : !parts.length ? "no product reaches this cell, so it is 0" : parts.length > 25 ? `${parts.length} products add up to ${value}` : `${parts.join(" + ")} = ${value}`);
    if (focus) view.output.cells[row * out + column].node.focus();
  }
  $$("[data-step]").forEach((button) => button.addEventListener("click", () => {
    const cells = view.out ** 2, next = (state.row * view.out + state.column + Number(button.dataset.step) + cells) % cells;
    select(Math.floor(next / view.out), next % view.out, true);
  }));
  $(".maps").addEventListener("click", (event) => {
    if (!event.target.dataset.map) return;
    state.map = Number(event.target.dataset.map);
    refresh();
    $(`[data-map="${state.map}"]`).focus();
  });

  // -------------------------------------------------------------------------------------------------- a stack of layers

  function preset(name) {
    const [size, channels, layers] = PRESETS[name];
    Object.assign(state, { input: { size, channels }, layers: layers.map((layer) => ({ bias: true, ...layer })), unit: null });
    $("[data-preset]").value = name;
    restack();
  }
  const NUMBERS = [["kernel", "K"], ["stride", "S"], ["padding", "P"], ["dilation", "D"], ["filters", "F"]];
  function restack() {  // builds the editor anew: layers were added, removed or moved
    $$("[data-input]").forEach((input) => { input.value = state.input[input.dataset.input]; });
    $(".layers").innerHTML = state.layers.map((layer, i) => `<li class="layer" role="group" aria-label="Layer ${i + 1}"><div class="settings">
      <label>Layer ${i + 1}<select data-set="kind">${Object.entries(KINDS).map(([kind, name]) => `<option value="${kind}"${kind === layer.kind ? " selected" : ""}>${name}</option>`).join("")}</select></label>
      ${NUMBERS.map(([field, symbol]) => `<label title="${CONTROLS[field][0]}"><span>${symbol}<span class="unseen-text">, ${CONTROLS[field][0].toLowerCase()} of layer ${i + 1}</span></span>` +
      `<input type="number" data-set="${field}" min="${A.LIMITS[field][0]}" max="${A.LIMITS[field][1]}" value="${layer[field]}" inputmode="numeric"></label>`).join("")}
      <span class="moves"><button type="button" data-move="-1" aria-label="Move layer ${i + 1} up"${i ? "" : " disabled"}>↑</button>
      <button type="button" data-move="1" aria-label="Move layer ${i + 1} down"${i < state.layers.length - 1 ? "" : " disabled"}>↓</button>
      <button type="button" data-remove aria-label="Remove layer ${i + 1}">✕</button></span></div><div class="results number"></div></li>`).join("");
    restate();
  }
  function restate() {  // fills in the numbers
    const wrongInput = ["size", "channels"].filter((f) => !Number.isInteger(state.input[f]) || state.input[f] < A.LIMITS[f][0] || state.input[f] > A.LIMITS[f][1]);
    $$("[data-input]").forEach((input) => input.setAttribute("aria-invalid", String(wrongInput.includes(input.dataset.input))));
    const rows = wrongInput.length ? [] : A.stack(state.input, state.layers);
    $$(".layer").forEach((item, i) => {
      const row = rows[i] || { skipped: true }, layer = state.layers[i], known = A.fields(layer.kind);
      item.classList.toggle("bad", Boolean(row.why));
      item.classList.toggle("skipped", Boolean(row.skipped));
      $$("input", item).forEach((input) => {
        input.closest("label").hidden = !known.includes(input.dataset.set) || (A.isPool(layer.kind) && input.dataset.set === "dilation");
        input.setAttribute("aria-invalid", String(Boolean(row.why) && row.field === input.dataset.set));
      });
      const about = rows.slice(0, i + 1).some((r) => r.settings.kind === "transposed") ? "≤ " : "";
      $(".results", item).innerHTML = row.skipped ? "Not reached." : row.why ? `<span role="alert">${escapeText(row.why)}</span>`
        : `<span>output <b>${row.size} × ${row.size} × ${row.channels}</b></span><span>receptive field <b>${about}${count(row.field)}</b></span><span>jump <b>${fraction(row.jump)}</b></span>` +
          `<span>parameters <b>${count(row.parameters)}</b></span><span>multiply-adds <b>${count(row.multiplyAdds)}</b></span>`;
    });
    const bad = rows.findIndex((row) => row.why || row.skipped), good = rows.slice(0, bad < 0 ? rows.length : bad);
    const sum = (field) => count(good.reduce((n, row) => n + row[field], 0)), last = good[good.length - 1];
    $(".total").innerHTML = wrongInput.length ? wrongInput.map((f) => `${A.LIMITS[f][2]} must be a whole number from ${A.LIMITS[f][0]} to ${A.LIMITS[f][1]}.`).join(" ")
      : !state.layers.length ? "No layers yet: add one." : bad >= 0 ? `Layer ${bad + 1} is impossible; the numbers end before it.`
        : `Together <b>${sum("parameters")}</b> parameters (with biases) and <b>${sum("multiplyAdds")}</b> multiply-adds. A unit of the last layer sees <b>${last.field} × ${last.field}</b> pixels of the input at most; ` +
          `neighbouring units look at places ${fraction(last.jump)} ${last.jump === 1 ? "pixel" : "pixels"} apart.`;
    cone(good);
  }
  const fraction = (n) => Number.isInteger(n) ? String(n) : n < 1 && Number.isInteger(1 / n) ? `1/${1 / n}` : n.toFixed(2);

  // One axis of every level, the input at the bottom: what a unit of the last layer depends on.
  function cone(rows) {
    const slider = $("[data-unit]");
    slider.closest("label").hidden = !rows.length;
    if (!rows.length) { $(".coneholder").innerHTML = ""; return; }
    const last = rows[rows.length - 1].size;
    if (state.unit === null || state.unit >= last) state.unit = Math.floor((last - 1) / 2);
    slider.max = last - 1;
    slider.value = state.unit;
    slider.setAttribute("aria-valuetext", `unit ${state.unit} of ${last}`);
    const levels = A.cone(rows, state.unit), base = [...levels[0]], low = Math.min(...base), high = Math.max(...base);
    const size = state.input.size, margin = Math.max(4, 0.15 * (high - low));
    const all = size + 8 <= 80, from = all ? Math.min(-2, low - 1) : low - margin, to = all ? Math.max(size + 1, high + 1) : high + margin;
    const left = 126, width = 700 - left, x = (p) => left + (p - from + 0.5) * width / (to - from + 1), unit = width / (to - from + 1), gap = 46;
    const place = (l, i) => l ? rows[l - 1].first + i * rows[l - 1].jump : i;
    const y = (l) => 14 + (rows.length - l) * gap;
    const lines = [], blocks = [], texts = [];
    for (let l = 0; l <= rows.length; l++) {
      const n = l ? rows[l - 1].size : size, jump = l ? rows[l - 1].jump : 1, wide = Math.min(Math.max(unit * Math.min(jump, 2) * 0.82, 1.2), 22);
      const name = l ? `${KINDS[rows[l - 1].settings.kind].split(" ").pop().toLowerCase().replace("max", "pooling")} ${rows[l - 1].settings.kernel}` : "input";
      texts.push(`<text x="0" y="${y(l) + 14}">${l ? `${l} ` : ""}${name}: ${n}</text>`);
      const block = (i, kind) => `<rect class="unit ${kind}" x="${(x(place(l, i)) - wide / 2).toFixed(1)}" y="${y(l)}" width="${wide.toFixed(1)}" height="18" rx="${Math.min(3, wide / 3)}"/>`;
      for (let i = 0; i < n; i++) {
        if (place(l, i) < from || place(l, i) > to) continue;
        blocks.push(block(i, levels[l].has(i) ? (l === rows.length ? "top" : "in") : ""));
      }
      for (const i of levels[l]) if (i < 0 || i >= n) blocks.push(block(i, "padding"));
      if (l) for (const o of levels[l]) if (o >= 0 && o < n) for (const tap of A.taps(rows[l - 1].settings, o))
        lines.push(`<line x1="${x(place(l, o)).toFixed(1)}" y1="${y(l) + 18}" x2="${x(place(l - 1, tap.from)).toFixed(1)}" y2="${y(l - 1)}"/>`);
    }
    const height = y(0) + 26, span = `${high - low + 1}`, padded = base.filter((i) => i < 0 || i >= size).length;
    const told = `Unit ${state.unit} of the last layer depends on ${base.length} of the input's positions ${low} to ${high} along one axis${padded ? `, ${padded} of them in the padding` : ""}.`;
    $(".coneholder").innerHTML = `<p class="note">${told}${base.length < Number(span) ? " Between them are gaps: the grid of a dilated or strided stack." : ""}</p>` +
      `<svg class="cone" viewBox="0 0 704 ${height}" role="img" aria-label="${told}">${lines.length < 1500 ? lines.join("") : ""}${blocks.join("")}${texts.join("")}</svg>`;
  }
  const changed = () => { $("[data-preset]").value = ""; };
  $("[data-preset]").addEventListener("change", (event) => preset(event.target.value));
  $$("[data-input]").forEach((input) => input.addEventListener("input", () => {
    state.input[input.dataset.input] = input.value.trim() === "" ? NaN : Number(input.value);
    changed();
    restate();
  }));
  $("[data-unit]").addEventListener("input", (event) => { state.unit = Number(event.target.value); restate(); });
  const indexOf = (node) => $$(".layer").indexOf(node.closest(".layer"));
  $(".layers").addEventListener("input", (event) => {
    const { set } = event.target.dataset, layer = state.layers[indexOf(event.target)];
    if (!set) return;
    layer[set] = set === "kind" ? event.target.value : event.target.value.trim() === "" ? NaN : Number(event.target.value);
    if (set === "kind" && A.isPool(layer.kind)) layer.dilation = 1;
    changed();
    restate();
  });
  $(".layers").addEventListener("click", (event) => {
    const button = event.target.closest("button"), i = button ? indexOf(button) : -1;
    if (i < 0) return;
    const [layer] = state.layers.splice(i, 1), way = Number(button.dataset.move || 0);
    if (way) state.layers.splice(i + way, 0, layer);
    changed();
    restack();
    const now = $$(".layer")[Math.min(i + way, state.layers.length - 1)];
    if (now) ($(way ? `[data-move="${way}"]:not(:disabled)` : "[data-remove]", now) || $("[data-remove]", now)).focus();
    else $("[data-add]").focus();
  });
  $$("[data-add]").forEach((button) => button.addEventListener("click", () => {
    const filters = state.layers.length ? Math.max(...state.layers.map((l) => l.filters || 1)) : 8;
    state.layers.push({ bias: true, ...(button.dataset.add === "max" ? pool(2) : conv(3, filters, { padding: 1 })) });
    changed();
    restack();
    $$(".layer").pop().querySelector("select").focus();
  }));

  preset(start.preset);
  refresh();
  tab(start.tab);
}
