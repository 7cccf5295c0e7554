// SPDX-License-Identifier: Apache-2.0
// The events, the crashes among them with their stack traces, and the active alerts.

import { $, clockTime, make, shape, show, span } from "./dom.js";

const EVENTS_KEPT = 200;
const CRASHES_KEPT = 20;
const CRASHES = new Set(["crashed", "hung", "unhealthy", "spawn_failed", "ready_timeout", "failed"]);
const PROBLEMS = new Set([...CRASHES, "crash_loop", "rolling_aborted", "shutdown_forced", "hopeless",
  "exited_unexpectedly", "forced_kill", "leftovers", "slow_stop", "late_loop", "reload_failed",
  "notification_ignored", "watch_problem"]);
const WARNINGS = new Set(["exited_unexpectedly", "forced_kill", "leftovers", "slow_stop", "late_loop",
  "notification_ignored", "watch_problem"]);
const GOOD = new Set(["ready", "fleet_ready", "crash_loop_ended", "rolling_done", "oneshot_done"]);

function eventItem(event) {
  const [mood, form] = WARNINGS.has(event.kind) ? ["warn", "backoff"]
    : PROBLEMS.has(event.kind) ? ["bad", "trouble"]
      : GOOD.has(event.kind) ? ["good", "ready"] : ["idle", "note"];
  return make("li", { class: `is-${mood}${PROBLEMS.has(event.kind) ? " problem" : ""}`, "data-kind": event.kind },
    make("time", { datetime: event.time, title: event.time }, clockTime(event.time)),
    shape(form), make("span", { class: "text" }, event.message));
}

// `alerts`: as in /status. `age`: seconds since it was fetched.
export function showAlerts(alerts, age) {
  const since = (alert) => (alert.active_seconds === undefined ? [] : [make("span", { class: "muted" },
    `for ${span(alert.active_seconds + age)}`)]);
  show($("alerts"), ...alerts.map((alert) => {
    const bad = alert.severity === "critical";
    return make("li", { class: bad ? "is-bad" : "is-warn", "data-alert": alert.name },
      shape(bad ? "trouble" : "backoff"), make("b", {}, alert.name), make("span", { class: "muted" }, alert.severity),
      make("span", { class: "what" }, alert.summary, ...since(alert)));
  }));
  show($("alert-count"), ...(alerts.length ? [String(alerts.length)] : []));
}

// A stack trace arrives as an event of its own, before or after that of the crash.
const stacks = new Map();
const deathOf = (event) => `${event.worker}/${event.incarnation}`;

function showStack(item) {
  const frames = stacks.get(item.dataset.death);
  if (frames) item.querySelector(".stack").replaceChildren(make("pre", {}, frames.join("\n")));
}

function heardStack(event) {
  stacks.set(deathOf(event), event.stack);
  if (stacks.size > CRASHES_KEPT) stacks.delete(stacks.keys().next().value);
  for (const item of $("crashes").children) if (item.dataset.death === deathOf(event)) showStack(item);
}

function crashItem(event) {
  const whose = event.worker || event.program;
  const facts = [["when", event.time], ["event", event.kind.replace("_", " ")]];
  if (event.incarnation) facts.push(["incarnation", String(event.incarnation)]);
  const what = event.message.replace(`${whose} (incarnation ${event.incarnation}) `, "");
  const item = make("li", { "data-worker": whose, "data-seq": String(event.seq), "data-death": deathOf(event) },
    make("details", {},
      make("summary", {},
        make("span", { class: "is-bad" }, shape("trouble")), make("b", {}, whose),
        make("time", { datetime: event.time }, clockTime(event.time)),
        make("span", { class: "what" }, what)),
      make("div", { class: "detail" },
        make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
        make("div", { class: "stack" }),
        make("p", { class: "muted" }, "Its last log lines, in a terminal:"),
        make("code", {}, `holdfast logs -n 50 ${whose}`))));
  showStack(item);
  return item;
}

let life = null;
let crashes = 0;

function forget() {
  crashes = 0;
  stacks.clear();
  $("events").replaceChildren();
  $("crashes").replaceChildren();
  show($("crash-count"));
}

function heard(message, news) {
  // An id is LIFE-NUMBER. Another life is another run of the supervisor, which numbers its own events.
  const itsLife = message.lastEventId.split("-")[0];
  if (life !== itsLife) forget();
  life = itsLife;
  const event = JSON.parse(message.data);
  const item = eventItem(event);
  if (Date.now() - Date.parse(event.time) < 3000) item.classList.add("fresh-event");
  $("events").prepend(item);
  while ($("events").children.length > EVENTS_KEPT) $("events").lastElementChild.remove();
  if (event.stack) heardStack(event);
  if (CRASHES.has(event.kind)) {
    crashes += 1;
    $("crashes").prepend(crashItem(event));
    while ($("crashes").children.length > CRASHES_KEPT) $("crashes").lastElementChild.remove();
    show($("crash-count"), String(crashes));
  }
  news();
}

// Calls `news` for every event, starting with the latest ones.
let stream = null;
export function listen(news) {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource(`/events?last=${EVENTS_KEPT}`);
  stream.onmessage = (message) => heard(message, news);
  // After a refusal the browser does not reconnect; the next successful poll calls this again.
}

for (const choice of document.querySelectorAll("input[name=which]")) {
  choice.addEventListener("change", () =>
    $("events").classList.toggle("only-problems", choice.value === "problems"));
}
