// The arithmetic of convolution, without a page: pure functions, tested against Python.

const arithmetic = (() => {
  const LIMITS = {
    size: [1, 512, "Input size"], kernel: [1, 31, "Kernel size"], padding: [0, 64, "Padding"], stride: [1, 32, "Stride"],
    dilation: [1, 32, "Dilation"], outputPadding: [0, 31, "Output padding"], channels: [1, 4096, "Input channels"],
    filters: [1, 4096, "Filters"],
  };
  const isPool = (kind) => kind === "max" || kind === "average";
  const fields = (kind) => ["size", "kernel", "padding", "stride", "dilation", ...(kind === "transposed" ? ["outputPadding"] : []),
    "channels", ...(kind === "convolution" || kind === "transposed" ? ["filters"] : [])];
  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const reach = (s) => s.dilation * (s.kernel - 1) + 1;
  const reachText = (s) => plural(reach(s), "pixel") + (s.dilation > 1 && s.kernel > 1 ? ` (dilation ${s.dilation} × (${s.kernel} − 1) + 1)` : "");

  // Why these settings are impossible: a list of {field, why}, empty if they are possible.
  function problems(s) {
    const found = [];
    for (const field of fields(s.kind)) {
      const [least, most, name] = LIMITS[field];
      if (!Number.isInteger(s[field]) || s[field] < least || s[field] > most)
        found.push({ field, why: `${name} must be a whole number from ${least} to ${most}.` });
    }
    if (found.length) return found;
    if (s.kind === "transposed") {
      const limit = Math.max(s.stride, s.dilation), full = (s.size - 1) * s.stride + reach(s) + s.outputPadding;
      if (s.outputPadding >= limit)
        found.push({ field: "outputPadding", why: `An output padding of ${s.outputPadding} is not below ${limit}, the larger of stride and dilation. `
          + "It only chooses among the input sizes that a stride maps to the same output size." });
      else if (full - 2 * s.padding < 1)
        found.push({ field: "padding", why: `A padding of ${s.padding} crops 2·${s.padding} = ${2 * s.padding} rows from an output of ${full}: nothing is left. `
          + `The padding can be ${Math.ceil(full / 2) - 1} at most.` });
      return found;
    }
    const room = s.size + 2 * s.padding, short = reach(s) - room;
    if (isPool(s.kind) && 2 * s.padding > s.kernel)
      found.push({ field: "padding", why: `A pooling window of ${s.kernel} with padding ${s.padding} could lie outside of the image altogether: `
        + `padding can be half the window at most, ${Math.floor(s.kernel / 2)}.` });
    else if (short > 0)
      found.push({ field: "kernel", why: `A ${isPool(s.kind) ? "window" : "kernel"} reaching ${reachText(s)} does not fit into ${s.size} + 2·${s.padding} = ${plural(room, "pixel")}. `
        + `It needs ${isPool(s.kind) ? "an input that is" : `a padding of at least ${Math.ceil((reach(s) - s.size) / 2)}, or an input that is`} ${plural(short, "pixel")} larger.` });
    return found;
  }

  const outputSize = (s) => s.kind === "transposed" ? (s.size - 1) * s.stride + reach(s) - 2 * s.padding + s.outputPadding
    : Math.floor((s.size + 2 * s.padding - reach(s)) / s.stride) + 1;
  const leftOver = (s) => s.kind === "transposed" ? 0 : (s.size + 2 * s.padding - reach(s)) % s.stride;
  const outputMaps = (s) => s.kind === "depthwise" || isPool(s.kind) ? s.channels : s.filters;
  const weights = (s) => isPool(s.kind) ? 0 : s.kernel * s.kernel * s.channels * (s.kind === "depthwise" ? 1 : s.filters);
  const parameters = (s) => weights(s) + (s.bias && !isPool(s.kind) ? outputMaps(s) : 0);
  const multiplyAdds = (s) => weights(s) * (s.kind === "transposed" ? s.size : outputSize(s)) ** 2;

  // Along one axis: the input positions (outside 0..size-1: padding) and kernel cells that meet in one output cell.
  function taps(s, cell) {
    const found = [];
    for (let k = 0; k < s.kernel; k++) {
      if (s.kind !== "transposed") found.push({ from: cell * s.stride - s.padding + k * s.dilation, kernel: k });
      else {
        const at = cell + s.padding - k * s.dilation;
        if (at % s.stride === 0 && at >= 0 && at / s.stride < s.size) found.push({ from: at / s.stride, kernel: k });
      }
    }
    return found;
  }

  // Along one axis: how many products each input position, and each output cell, takes part in.
  function uses(s) {
    const input = Array(s.size).fill(0), output = Array(outputSize(s)).fill(0);
    for (let o = 0; o < output.length; o++)
      for (const tap of taps(s, o)) if (tap.from >= 0 && tap.from < s.size) { input[tap.from]++; output[o]++; }
    return { input, output };
  }

  // Cells of one axis of the input that a single output cell can depend on, in the worst case and away from the edges.
  function span(s) {
    if (s.kind !== "transposed") return reach(s);
    let most = 0;
    for (let phase = 0; phase < s.stride; phase++) {
      const from = [];
      for (let k = 0; k < s.kernel; k++) if ((phase - k * s.dilation) % s.stride === 0) from.push((phase - k * s.dilation) / s.stride);
      if (from.length) most = Math.max(most, Math.max(...from) - Math.min(...from) + 1);
    }
    return most;
  }

  // One row of numbers for each layer; from the first impossible layer on, only the reason.
  function stack(start, layers) {
    let { size, channels } = start, field = 1, jump = 1, first = 0, broken = false;
    return layers.map((layer) => {
      const s = { outputPadding: 0, filters: 1, ...layer, size, channels };
      if (broken) return { settings: s, why: "", skipped: true };
      const wrong = problems(s);
      if (wrong.length) { broken = true; return { settings: s, why: wrong[0].why, field: wrong[0].field }; }
      field += (span(s) - 1) * jump;
      if (s.kind === "transposed") { first += (s.padding - (reach(s) - 1) / 2) * jump / s.stride; jump /= s.stride; }
      else { first += ((reach(s) - 1) / 2 - s.padding) * jump; jump *= s.stride; }
      const out = { settings: s, size: outputSize(s), channels: outputMaps(s), field, jump, first, parameters: parameters(s), multiplyAdds: multiplyAdds(s) };
      ({ size, channels } = out);
      if (size > 4096) broken = true;
      return out;
    });
  }

  // Which units of each level a unit of the last level depends on, from the input up. rows: of stack(), all possible.
  function cone(rows, unit) {
    let level = new Set([unit]);
    const levels = [level];
    for (let l = rows.length - 1; l >= 0; l--) {
      const below = new Set(), s = rows[l].settings;
      for (const o of level) if (o >= 0 && o < rows[l].size) for (const tap of taps(s, o)) below.add(tap.from);
      levels.unshift(level = below);
    }
    return levels;
  }

  return { LIMITS, isPool, fields, reach, problems, outputSize, leftOver, outputMaps, weights, parameters, multiplyAdds, taps, uses, span, stack, cone };
})();

if (typeof module === "object" && module) module.exports = arithmetic;
