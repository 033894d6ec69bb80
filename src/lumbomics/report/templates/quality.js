"use strict";
(() => {
  const cases = JSON.parse(document.getElementById("cases").textContent);
  const key = (c) => ["lumbomics-qc", c.participant, c.session, c.series, c.map].join("|");
  const words = { pass: "Pass", fail: "Fail", artifact: "Artifact" };
  const list = document.getElementById("list"), article = document.getElementById("case");
  const filter = document.getElementById("filter"), find = document.getElementById("find");
  const judged = new Map();
  let shown = [], current = 0;

  // A page opened from a file may be refused storage: verdicts then live until the page is closed.
  const store = (() => { try { const s = window.localStorage; s.getItem("x"); return s; } catch { return null; } })();
  for (const c of cases) {
    let kept = null;
    try { kept = store && JSON.parse(store.getItem(key(c)) || "null"); } catch { kept = null; }
    if (kept && words[kept.verdict] && typeof kept.comment === "string") judged.set(key(c), kept);
  }
  const keep = (c) => {
    const mine = judged.get(key(c));
    try { if (store) mine ? store.setItem(key(c), JSON.stringify(mine)) : store.removeItem(key(c)); } catch { /* full */ }
  };

  const verdictOf = (c) => (judged.get(key(c)) || c).verdict;
  const name = (c) => `sub-${c.participant} ses-${c.session} ${c.series}`;
  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties || {});
    node.append(...children);
    return node;
  };
  const matches = (c) => {
    const wanted = filter.value, isJudged = judged.has(key(c)) || c.by === "operator";
    const sought = find.value.trim().toLowerCase();
    if (sought && !(name(c) + " " + c.findings.map((f) => f.message).join(" ")).toLowerCase().includes(sought)) return false;
    if (wanted === "open") return !isJudged;
    if (wanted === "judged") return isJudged;
    if (wanted === "remarks") return verdictOf(c) === "pass" && c.findings.some((f) => f.excludes);
    return wanted === "all" || verdictOf(c) === wanted;
  };

  function drawList() {
    list.replaceChildren(...shown.map((c, at) => {
      const button = make("button", { type: "button", onclick: () => go(at) },
        make("span", { className: "mark " + verdictOf(c), textContent: words[verdictOf(c)] }), " ",
        `sub-${c.participant} ses-${c.session}`, make("small", { textContent: c.series + (judged.has(key(c)) ? " · judged" : "") }));
      if (at === current) { button.setAttribute("aria-current", "true"); }
      return button;
    }));
    const marked = list.querySelector("[aria-current]");
    if (marked) marked.scrollIntoView({ block: "nearest" });
    document.getElementById("place").textContent = shown.length ? `${current + 1} of ${shown.length}` : "none to show";
    document.getElementById("judged").textContent = `${cases.filter((c) => judged.has(key(c))).length} judged here`;
  }

  function drawCase() {
    const c = shown[current];
    if (!c) { article.replaceChildren(make("p", { textContent: "No label map fits the filter." })); return; }
    const mine = judged.get(key(c));
    const choices = Object.keys(words).map((v, at) => {
      const button = make("button", { type: "button", className: v, textContent: `${words[v]} (${at + 1})`, onclick: () => judge(v) });
      button.setAttribute("aria-pressed", String(Boolean(mine && mine.verdict === v)));
      return button;
    });
    const comment = make("textarea", { id: "comment", value: mine ? mine.comment : c.comment, maxLength: 300,
      placeholder: "Comment; no names, no dates of birth" });
    comment.setAttribute("aria-label", "Comment");
    comment.addEventListener("input", () => {
      const said = judged.get(key(c)) || { verdict: c.verdict };
      judged.set(key(c), { verdict: said.verdict, comment: comment.value });
      keep(c);
      drawList();
    });
    const findings = c.findings.map((f) => make("li", { textContent: `${f.message} (${f.check.replaceAll("_", " ")})`,
      className: f.verdict !== "pass" ? "grave" : f.excludes ? "out" : "" }));
    const facts = make("dl");
    const by = c.by === "operator" ? "operator" : "software";
    for (const [what, value] of [["Verdict", `${words[c.verdict]} (${by})`], ["Labels from", c.source], ["Level numbers", c.numbering]])
      facts.append(make("dt", { textContent: what }), make("dd", { textContent: value }));
    article.replaceChildren(
      make("h2", { textContent: name(c) }),
      make("div", { className: "judge" }, "Your verdict: ", ...choices),
      comment,
      c.picture ? make("img", { src: c.picture, alt: `Label map of ${name(c)}: image, labels, confidence` })
        : make("p", { textContent: "No picture." }),
      facts,
      make("h3", { textContent: findings.length ? "What the checks noticed" : "The checks noticed nothing" }),
      make("ul", {}, ...findings));
  }

  function go(at) { current = Math.max(0, Math.min(at, shown.length - 1)); drawList(); drawCase(); }
  function refresh(stay) {
    const was = stay && shown[current];
    shown = cases.filter(matches);
    go(was && shown.includes(was) ? shown.indexOf(was) : Math.min(current, Math.max(shown.length - 1, 0)));
  }
  function judge(verdict) {
    const c = shown[current];
    if (!c) return;
    const comment = document.getElementById("comment").value;
    verdict ? judged.set(key(c), { verdict, comment }) : judged.delete(key(c));
    keep(c);
    drawList();
    drawCase();
  }
  function nextOpen() {
    const rest = [...shown.keys()].map((n) => (current + 1 + n) % shown.length);
    const at = rest.find((n) => !judged.has(key(shown[n])));
    if (at !== undefined) go(at);
  }
  function save() {
    const clean = (text) => text.replace(/\s+/g, " ").trim() || "n/a";
    const rows = [["participant_id", "session_id", "series", "map", "verdict", "comment"]];
    for (const c of cases) {
      const mine = judged.get(key(c));
      if (mine) rows.push([`sub-${c.participant}`, `ses-${c.session}`, c.series, c.map, mine.verdict, clean(mine.comment)]);
    }
    const file = new Blob([rows.map((row) => row.join("\t")).join("\n") + "\n"], { type: "text/tab-separated-values" });
    const link = make("a", { href: URL.createObjectURL(file), download: "verdicts.tsv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  document.addEventListener("keydown", (event) => {
    const inText = /^(TEXTAREA|INPUT|SELECT)$/.test(event.target.tagName);
    if (inText) { if (event.key === "Escape") event.target.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const does = { ArrowRight: () => go(current + 1), j: () => go(current + 1), ArrowLeft: () => go(current - 1), k: () => go(current - 1),
      1: () => judge("pass"), 2: () => judge("fail"), 3: () => judge("artifact"), 0: () => judge(null), n: nextOpen, s: save,
      c: () => { const box = document.getElementById("comment"); if (box) box.focus(); }, f: () => find.focus() }[event.key];
    if (does) { event.preventDefault(); does(); }
  });
  filter.addEventListener("change", () => { refresh(false); filter.blur(); });
  find.addEventListener("input", () => refresh(true));
  document.getElementById("save").addEventListener("click", save);
  refresh(false);
})();
