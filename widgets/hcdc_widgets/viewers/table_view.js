// Sorting is done here; the kernel is told only which row was chosen.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  let order = { column: -1, up: true };
  el.classList.add("hcdc-viewer", "hcdc-wide");

  function choose(key) {
    model.set("selected", key);
    model.save_changes();
  }
  function sorted() {
    const rows = [...model.get("rows")];
    if (order.column < 0) return rows;
    const value = (row) => row.sort[order.column];
    rows.sort((a, b) => (value(a) > value(b) ? 1 : value(a) < value(b) ? -1 : 0));
    return order.up ? rows : rows.reverse();
  }
  function headCell(text, column) {
    const button = element("button", { type: "button", class: "hcdc-sort" }, text);
    button.addEventListener("click", () => {
      order = { column, up: order.column === column ? !order.up : true };
      draw();
      el.querySelectorAll(".hcdc-sort")[column].focus();
    });
    const direction = order.column !== column ? "none" : order.up ? "ascending" : "descending";
    return element("th", { scope: "col", "aria-sort": direction }, button);
  }
  function bodyRow(row) {
    const chosen = String(row.key === model.get("selected"));
    const made = element("tr", { tabindex: 0, "aria-selected": chosen },
      ...row.cells.map((text) => element("td", {}, text)));
    made.dataset.key = row.key;
    made.addEventListener("click", () => choose(row.key));
    made.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(row.key);
    });
    return made;
  }
  function draw() {
    const head = model.get("header").map(headCell);
    const body = sorted().map(bodyRow);
    const none = element("tr", {}, element("td", { colspan: head.length }, "none"));
    el.replaceChildren(element("div", { class: "hcdc-scroll" },
      element("table", { role: "grid" }, element("caption", {}, model.get("caption")),
        element("thead", {}, element("tr", {}, ...head)),
        element("tbody", {}, ...(body.length ? body : [none])))));
  }
  function mark() {
    for (const row of el.querySelectorAll("tbody tr[data-key]")) {
      row.setAttribute("aria-selected", String(row.dataset.key === model.get("selected")));
    }
  }
  model.on("change:rows", draw);
  model.on("change:selected", mark);
  draw();
  return () => {
    model.off("change:rows", draw);
    model.off("change:selected", mark);
  };
}

export default { render };
