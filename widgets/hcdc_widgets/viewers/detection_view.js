// The map comes once as binary floats; candidates are buttons above it.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function svg(tag, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

function colors(model) {
  const raw = model.get("color_tables");
  const bytes = new Uint8Array(raw.buffer, raw.byteOffset, 768);
  return Uint32Array.from({ length: 256 }, (_, i) =>
    0xff000000 | (bytes[3 * i + 2] << 16) | (bytes[3 * i + 1] << 8) | bytes[3 * i]);
}

function paint(context, pixels, shape, limits, table) {
  const [height, width] = shape;
  const image = context.createImageData(width, height);
  const out = new Uint32Array(image.data.buffer);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const share = (pixels[y * width + x] - limits[0]) / (limits[1] - limits[0]);
      out[(height - 1 - y) * width + x] = Number.isNaN(share)
        ? 0xff808080
        : table[Math.round(Math.min(1, Math.max(0, share)) * 255)];
    }
  }
  context.putImageData(image, 0, 0);
}

// Star, compass and a bar of a round length, in the image's own pixels.
function drawOverlay(overlay, shape, scaleMas) {
  const [height, width] = shape;
  const size = width / 100;
  const style = { fill: "#fff", stroke: "#000", "stroke-width": size * 0.35,
    "paint-order": "stroke", "font-size": 4.2 * size, "font-weight": 700,
    "font-family": "sans-serif" };
  const line = { stroke: "#fff", "stroke-width": 0.6 * size, fill: "none" };
  const [x, y] = [Math.floor(width / 2) + 0.5, height - 0.5 - Math.floor(height / 2)];
  const tips = Array.from({ length: 10 }, (_, i) => {
    const r = (i % 2 ? 0.9 : 2.2) * size;
    const turn = (Math.PI * i) / 5;
    return `${x + r * Math.sin(turn)},${y - r * Math.cos(turn)}`;
  });
  overlay.append(svg("polygon", { ...style, points: tips.join(" ") }));
  const [cx, cy] = [width - 5 * size, height - 5 * size];
  overlay.append(
    svg("path", { ...line, d: `M${cx} ${cy - 9 * size}V${cy}H${cx - 9 * size}` }),
    svg("text", { ...style, x: cx - 1.5 * size, y: cy - 10.5 * size }, "N"),
    svg("text", { ...style, x: cx - 13 * size, y: cy + 1.5 * size }, "E"),
  );
  const room = (width * scaleMas) / 4;
  const mas = [2000, 1000, 500, 200, 100, 50, 20, 10].find((length) => length <= room) || 5;
  overlay.append(
    svg("path", { ...line, d: `M${4 * size} ${cy + size}h${mas / scaleMas}` }),
    svg("text", { ...style, x: 4 * size, y: cy - 1.5 * size }, `${mas / 1000} arcsec`),
  );
}

function addTable(model, place, choose) {
  const header = model.get("header");
  if (!header.length) return [];
  const rows = model.get("rows").map((cells) => {
    const row = element("tr", { tabindex: 0, "aria-selected": "false" },
      ...cells.map((text) => element("td", {}, text)));
    row.dataset.label = cells[0];
    row.addEventListener("click", () => choose(cells[0]));
    row.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(cells[0]);
    });
    return row;
  });
  const head = element("tr", {}, ...header.map((text) => element("th", { scope: "col" }, text)));
  const words = rows.length ? "Candidates" : "No candidate above the threshold";
  place.append(element("table", { role: "grid" }, element("caption", {}, words),
    element("thead", {}, head), element("tbody", {}, ...rows)));
  return rows;
}

function addMarkers(model, stage, choose) {
  const [height, width] = model.get("shape");
  const part = (value, whole) => `${(100 * value) / whole}%`;
  return model.get("markers").map((marker) => {
    const button = element("button", { type: "button", class: "hcdc-marker",
      "aria-label": marker.words, title: marker.words, "aria-pressed": "false" },
    element("span", { "aria-hidden": "true" }, marker.label));
    button.dataset.label = marker.label;
    button.style.left = part(marker.x + 0.5, width);
    button.style.top = part(height - 0.5 - marker.y, height);
    button.style.width = part(Math.max(model.get("circle_px"), width / 22), width);
    button.style.aspectRatio = "1";
    button.addEventListener("click", () => choose(marker.label));
    stage.append(button);
    return button;
  });
}

function skyWords(model, x, y, value) {
  const [height, width] = model.get("shape");
  const [east, north] = [Math.floor(width / 2) - x, y - Math.floor(height / 2)];
  const separation = (Math.hypot(east, north) * model.get("pixel_scale_mas")) / 1000;
  const angle = ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
  const text = Number.isNaN(value) ? "no data" : `S/N ${value.toFixed(1)}`;
  return `${separation.toFixed(3)} arcsec, position angle ${angle.toFixed(1)}\u00b0: ${text}`;
}

function render({ model, el }) {
  const [height, width] = model.get("shape");
  const limits = model.get("limits");
  const canvas = element("canvas", { width, height, role: "img",
    "aria-label": `${model.get("title")}, north up, east left` });
  const overlay = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const stage = element("div", { class: "hcdc-stage",
    style: `aspect-ratio: ${width} / ${height}` }, canvas, overlay);
  const bar = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const readout = element("output", { class: "hcdc-readout", "aria-live": "polite" }, "\u00a0");
  const right = element("div", { class: "hcdc-right" });
  let pixels = null;

  function choose(label) {
    model.set("selected", label);
    model.save_changes();
    show();
  }
  el.classList.add("hcdc-viewer", "hcdc-wide");
  el.append(element("div", { class: "hcdc-title" }, model.get("title")),
    element("div", { class: "hcdc-both" },
      element("div", { class: "hcdc-left" }, stage,
        element("div", { class: "hcdc-scale" }, element("span", {}, `S/N ${limits[0]}`), bar,
          element("span", {}, limits[1].toFixed(1))), readout), right));
  const markers = addMarkers(model, stage, choose);
  const rows = addTable(model, right, choose);
  drawOverlay(overlay, [height, width], model.get("pixel_scale_mas"));
  const ramp = Float32Array.from({ length: 256 }, (_, i) => i / 255);
  paint(bar.getContext("2d"), ramp, [1, 256], [0, 1], colors(model));

  function show() {
    const selected = model.get("selected");
    for (const button of markers) {
      button.setAttribute("aria-pressed", String(button.dataset.label === selected));
    }
    for (const row of rows) {
      row.setAttribute("aria-selected", String(row.dataset.label === selected));
    }
    const chosen = model.get("markers").find((marker) => marker.label === selected);
    if (chosen) readout.value = chosen.words;
  }
  function receive(message, buffers) {
    if (message.kind !== "map") return;
    const raw = buffers[0];
    pixels = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
    paint(canvas.getContext("2d"), pixels, [height, width], limits, colors(model));
    el.dataset.drawn = "map";
  }
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * width);
    const y = height - 1 - Math.floor(((event.clientY - box.top) / box.height) * height);
    if (!pixels || x < 0 || y < 0 || x >= width || y >= height) return;
    readout.value = skyWords(model, x, y, pixels[y * width + x]);
  });
  model.on("msg:custom", receive);
  model.on("change:selected", show);
  show();
  model.send({ kind: "need" });
  return () => {
    model.off("msg:custom", receive);
    model.off("change:selected", show);
  };
}

export default { render };
