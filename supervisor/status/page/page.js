// SPDX-License-Identifier: Apache-2.0
// The status page: polls /status and /series every two seconds and follows /events; every event
// triggers a poll at once. Texts from the stack are only ever inserted as text, never as markup.

import { $, bytes, digits, drawing, duration, make, show, span, stateOf, STATES } from "./dom.js";
import { listen, showAlerts } from "./events.js";

const POLL_EVERY = 2000;
const SILENT_AFTER = 5000;

// --- Vitals -------------------------------------------------------------------------------------

const VITALS = [
  { key: "requests_per_second", title: "Requests", format: (v) => [digits(v), "/s"] },
  {
    key: "errors_per_second", title: "Errors (5xx)", format: (v) => [digits(v), "/s"],
    bad: (v) => v > 0,
    extra: (s) => {
      const requests = last(s.requests_per_second);
      return requests > 0 ? `${digits((100 * last(s.errors_per_second)) / requests)} % of requests` : "";
    },
  },
  { key: "p99_seconds", title: "Latency, p99", format: duration, quiet: "no requests" },
  { key: "queue_depth", title: "Queue", format: (v) => [digits(v), v === 1 ? "job" : "jobs"] },
  { key: "memory_bytes", title: "Memory", format: bytes, fromZero: false },
];

const last = (values) => values[values.length - 1] ?? null;

function curves(values, capacity, fromZero) {
  const known = values.filter((value) => value !== null);
  const top = Math.max(...known, 0) || 1;
  const least = fromZero ? 0 : Math.min(...known) * 0.9;
  const y = (value) => (37 - (34 * (value - least)) / (top - least || 1)).toFixed(1);
  const offset = capacity - values.length;
  const runs = [];
  values.forEach((value, i) => {
    if (value === null) return;
    if (i === 0 || values[i - 1] === null) runs.push([]);
    runs[runs.length - 1].push([offset + i, y(value)]);
  });
  const line = (run) => run.map(([x, at], i) => `${i ? "L" : "M"}${x} ${at}`).join("") +
    (run.length === 1 ? `h.6` : "");
  return {
    curve: runs.map(line).join(""),
    area: runs.filter((run) => run.length > 1)
      .map((run) => `${line(run)}V40H${run[0][0]}Z`).join(""),
  };
}

function vitalTile(vital, series) {
  const values = series[vital.key];
  const known = values.filter((value) => value !== null);
  const now = last(values);
  const [number, unit] = now === null ? ["–", vital.quiet ?? "no data"] : vital.format(now);
  const most = known.length ? vital.format(Math.max(...known)).join(" ") : "";
  const { curve, area } = known.length
    ? curves(values, series.capacity, vital.fromZero !== false) : { curve: "", area: "" };
  const tile = make("div", { class: "vital" },
    make("h3", {}, vital.title),
    make("p", { class: "value" }, number, make("small", {}, unit)),
    make("p", { class: "extra" }, vital.extra?.(series) || (most ? `at most ${most}` : "\u00a0")),
    drawing("svg", {
      viewBox: `0 0 ${series.capacity - 1} 40`, preserveAspectRatio: "none", role: "img",
      "aria-label": known.length ? `${vital.title}: now ${number} ${unit}, at most ${most}`
        : `${vital.title}: no data`,
    }, drawing("path", { class: "area", d: area }), drawing("path", { class: "curve", d: curve })));
  if (vital.bad?.(now)) tile.dataset.bad = "";
  return tile;
}

// --- Fleet --------------------------------------------------------------------------------------

const cell = (label, kind, ...content) => make("td",
  { "data-label": label, class: content.length ? kind : `${kind} blank` }, ...content);

const clock = (time) => new Date(time).toLocaleString();

function workerRow(worker, age, schedule) {
  const up = worker.pid ? [span(worker.uptime_seconds + age)] : [];
  const says = [];
  if (worker.retry_in_seconds !== undefined) {
    says.push(`next attempt in ${Math.ceil(Math.max(0, worker.retry_in_seconds - age))} s`);
  }
  if (worker.retiring) says.push(`replacing pid ${worker.retiring.pid}`);
  if (schedule?.next_run_at) says.push(`next run ${clock(schedule.next_run_at)}`);
  if (worker.last_error) says.push(worker.last_error);
  if (worker.status) says.push(worker.status);
  if (worker.log_file) says.push(`log: ${worker.log_file}`);
  const exit = worker.last_exit;
  const ended = exit && (exit.signal || exit.code);
  return make("tr", { class: "worker", "data-worker": worker.name },
    make("th", { scope: "row", class: "worker-name" }, worker.name),
    make("td", { class: "state-cell" }, stateOf(worker.state)),
    cell("up", "figure", ...up),
    cell("restarts", worker.restarts ? "figure" : "figure zero", String(worker.restarts)),
    cell("memory", "figure", ...(worker.memory_bytes === undefined ? [] : [bytes(worker.memory_bytes).join(" ")])),
    cell("CPU", "figure", ...(worker.cpu_percent === undefined ? [] : [`${worker.cpu_percent.toFixed(1)} %`])),
    cell("pid", "figure", ...(worker.pid ? [String(worker.pid)] : [])),
    cell("last exit", `exit ${ended ? "exit-bad" : "zero"}`, ...(exit ? [exit.text] : [])),
    cell("", "says", ...(says.length ? [says.join("; ")] : [])));
}

function programBody(program, age) {
  const service = program.type === "service";
  const facts = [service ? `${program.ready} of ${program.wanted} ready` : "oneshot"];
  if (program.rolling) facts.push("rolling restart");
  if (!program.required) facts.push("optional");
  if (program.watch?.active) facts.push("restarts when its files change");
  if (program.watch?.problem) facts.push(`watch: ${program.watch.problem}`);
  if (program.dormant) facts.push("not started: autostart is off");
  if (service && !program.satisfied) facts.push(`needs ${program.min_ready}`);
  return make("tbody", {},
    make("tr", { class: "program" }, make("th", { colspan: "9", scope: "rowgroup" },
      make("span", { class: "name" }, program.name),
      make("span", { class: program.satisfied ? "muted" : "is-bad" }, facts.join(", ")))),
    ...program.workers.map((worker) => workerRow(worker, age, program.schedule)));
}

function showFleet(status, age) {
  const table = document.querySelector("#fleet table");
  const fresh = status.programs.map((program) => programBody(program, age));
  const old = [...table.tBodies];
  fresh.forEach((body, i) => {
    if (!old[i]) table.append(body);
    else if (old[i].innerHTML !== body.innerHTML) old[i].replaceWith(body);
  });
  old.slice(fresh.length).forEach((body) => body.remove());
  const services = status.programs.filter((program) => program.type === "service");
  const sum = (key) => services.reduce((total, program) => total + program[key], 0);
  const levels = Object.entries(status.log_levels ?? {}).map(([name, level]) => `${name} ${level}`);
  show($("fleet-count"), `${sum("ready")} of ${sum("wanted")} ready`
    + (levels.length > 0 ? ` · log level until the next reload: ${levels.join(", ")}` : ""));
}

// --- Header and banner --------------------------------------------------------------------------

function trouble(status) {
  const workers = status.programs.flatMap((program) => program.workers);
  const bad = workers.filter((worker) => STATES[worker.state]?.[0] === "bad")
    .map((worker) => `${worker.name}: ${worker.state.replace("_", " ")}`);
  const short = status.programs
    .filter((program) => program.required && !program.satisfied && program.type === "service")
    .map((program) => `${program.name}: ${program.ready} ready, at least ${program.min_ready} needed`);
  const differ = status.programs.filter((program) => program.differs)
    .map((program) => `${program.name}: what runs differs from the file (${program.differs.join(", ")})`);
  const store = status.alerts.filter((alert) => alert.name === "HoldfastStoreUnavailable")
    .map((alert) => alert.summary);
  return [...store, ...bad, ...short, ...differ].join("; ");
}

function bannerOf(status, silence) {
  if (silence !== null) {
    return ["unreachable", "The supervisor is not responding.",
      status ? `Last response ${span(silence / 1000)} ago; the data below is out of date. Retrying.` : "Retrying."];
  }
  if (status.state === "draining") {
    return ["draining", "Draining.", "The stack accepts no new work, finishes what is in progress and stops."];
  }
  if (status.state === "degraded") return ["degraded", "Degraded.", trouble(status)];
  if (status.state === "starting") return ["starting", "Starting.", trouble(status)];
  if (!status.last_reload_ok) {
    return ["reload", "The last reload failed.", status.last_reload_error.split("\n")[0]];
  }
  return null;
}

function showTop(status, silence) {
  const age = (performance.now() - heardAt) / 1000;
  const state = silence === null ? status.state : "unreachable";
  show($("state"), ...stateOf(state).childNodes);
  $("state").className = `state is-${STATES[state][0]}`;
  document.title = `${state === "ready" ? "" : `${state}: `}Holdfast`;
  document.body.toggleAttribute("data-stale", silence !== null);

  const banner = bannerOf(status, silence);
  $("banner").hidden = banner === null;
  if (banner) {
    $("banner").dataset.kind = banner[0];
    show($("banner"), make("strong", {}, banner[1]), banner[2]);
  }
  if (!status) return;
  show($("uptime"), span(status.uptime_seconds + (silence === null ? age : 0)));
  show($("version"), status.version);
  show($("pid"), String(status.pid));
  show($("listens"), status.listeners.http ?? Object.values(status.listeners).join(", "));
}

// --- Polling ------------------------------------------------------------------------------------

let status = null;
let heardAt = performance.now();
let failed = false;
let looking = false;
let again = false;
let timer = 0;

async function get(path) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(SILENT_AFTER) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function showAll() {
  const since = performance.now() - heardAt;
  const silence = failed || since > SILENT_AFTER ? since : null;
  if (!status && silence === null) return;
  showTop(status, silence);
  if (status) {
    const age = silence === null ? since / 1000 : 0;
    showFleet(status, age);
    showAlerts(status.alerts, age);
  }
  show($("fresh"), silence === null ? "Live" : `No response for ${span(silence / 1000)}`);
}

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  clearTimeout(timer);
  try {
    status = await get("/status");
    heardAt = performance.now();
    failed = false;
    const series = await get("/series");
    show($("vitals"), ...VITALS.map((vital) => vitalTile(vital, series)));
    listen(lookSoon);
  } catch {
    failed = true;
  }
  looking = false;
  showAll();
  const pause = again ? 100 : document.hidden ? 5 * POLL_EVERY : POLL_EVERY;
  again = false;
  timer = setTimeout(look, pause);
}

function lookSoon() {
  if (looking) {
    again = true;
  } else {
    clearTimeout(timer);
    timer = setTimeout(look, 30);
  }
}

document.addEventListener("visibilitychange", () => document.hidden || look());
setInterval(showAll, 1000);
look();
