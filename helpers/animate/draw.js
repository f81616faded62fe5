// Drawing shared by the players and the explorer: grids of numbers as inline SVG, made by the HTML parser.

const escapeText = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

let hatches = 0;

/* A grid of rows x columns cells of 40 units. `inner` is the part with numbered rows and columns: the image inside its
   padding, or the output inside the margin that is cropped. `cellRole` makes the cells focusable for a screen reader. */
function makeGrid({ rows, columns, inner = null, name = "", cellRole = "" }) {
  const part = inner || { top: 0, left: 0, rows, columns };
  const edge = 20, width = columns * 40 + edge + 3, height = rows * 40 + edge + 3;
  const parts = [];
  for (let r = 0; r < part.rows; r++) parts.push(`<text class="index" x="8" y="${edge + (part.top + r) * 40 + 24}">${r}</text>`);
  for (let c = 0; c < part.columns; c++) parts.push(`<text class="index" x="${edge + (part.left + c) * 40 + 20}" y="12">${c}</text>`);
  for (let r = 0; r < rows; r++) {
    if (cellRole) parts.push('<g role="row">');
    for (let c = 0; c < columns; c++) {
      const within = r >= part.top && r < part.top + part.rows && c >= part.left && c < part.left + part.columns;
      parts.push(`<g class="cell${within ? "" : " outside"}" transform="translate(${edge + c * 40} ${edge + r * 40})"` +
        (cellRole ? ` role="${cellRole}" tabindex="-1"` : "") + '><rect x="1" y="1" width="38" height="38" rx="4"/>' +
        '<rect class="hatch" x="1" y="1" width="38" height="38" rx="4"/><text class="value" x="20" y="26"></text><text class="corner" x="37" y="36"></text></g>');
    }
    if (cellRole) parts.push("</g>");
  }
  const hatch = `unseen-${++hatches}`;
  const holder = document.createElement("template");
  holder.innerHTML = `<svg class="grid" viewBox="0 0 ${width} ${height}" style="--units:${width}" role="${cellRole ? "grid" : "img"}"` +
    ` aria-label="${escapeText(name)}"><defs><pattern id="${hatch}" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    '<rect width="3" height="8" fill="#d55e00" opacity="0.55"/></pattern></defs>' + parts.join("") + '<rect class="frame" visibility="hidden"/></svg>';
  const svg = holder.content.firstChild;
  const cells = [...svg.querySelectorAll(".cell")].map((node) => ({
    node, base: node.getAttribute("class"), value: node.querySelector(".value"), corner: node.querySelector(".corner"),
    hatch: node.querySelector(".hatch"),
  }));
  const frame = svg.querySelector(".frame");
  return {
    svg, cells, rows, columns,
    write(index, text, corner = "") {
      const cell = cells[index];
      text = String(text);
      cell.value.textContent = text;
      cell.value.style.fontSize = `${text.length < 4 ? 16 : text.length < 5 ? 14 : text.length < 6 ? 12 : 10}px`;
      cell.value.setAttribute("y", corner ? 21 : 26);
      cell.corner.textContent = corner;
    },
    mark(index, classes) {
      cells[index].node.setAttribute("class", cells[index].base + (classes ? " " + classes : ""));
      cells[index].hatch.style.fill = /\bunseen\b/.test(classes) ? `url(#${hatch})` : "";
    },
    clear() { cells.forEach((cell, index) => this.mark(index, "")); },
    outline(row, column, high, wide, onOutput = false) {
      frame.setAttribute("visibility", "visible");
      frame.setAttribute("width", wide * 40);
      frame.setAttribute("height", high * 40);
      frame.setAttribute("class", "frame" + (onOutput ? " on-output" : ""));
      frame.style.transform = `translate(${edge + column * 40}px, ${edge + row * 40}px)`;
    },
    hideOutline() { frame.setAttribute("visibility", "hidden"); },
  };
}
