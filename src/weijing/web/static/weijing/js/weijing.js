/* What plain pages cannot do by themselves. Every page works without this file. */
(function () {
  "use strict";
  var doc = document;

  function on(name, act) { doc.addEventListener(name, act); }
  function all(selector, root) { return Array.from((root || doc).querySelectorAll(selector)); }
  function el(tag, className, text) {
    var node = doc.createElement(tag);
    node.className = className;
    if (text) node.textContent = text;
    return node;
  }

  /* Half-typed pinyin is no query: q-ready fires when the text is settled. */
  function ready(event) {
    if (event.isComposing) return;
    event.target.dispatchEvent(new CustomEvent("q-ready", { bubbles: true }));
  }
  on("input", ready);
  on("compositionend", ready);

  /* Toasts: 6 s, 10 s with a way back, longer while focused. */
  function leaveLater(toast) {
    var wait = toast.querySelector("a,button") ? 10000 : 6000;
    setTimeout(function leave() {
      if (toast.contains(doc.activeElement) || toast.matches(":hover")) setTimeout(leave, 2000);
      else toast.remove();
    }, wait);
  }
  /* HX-Trigger: {"toast": {"text": "…", "undo": "#id-of-a-form"}} */
  on("toast", function (event) {
    var area = doc.getElementById("toasts");
    if (!area) return;
    var toast = el("p", "toast", event.detail.text || event.detail.value);
    if (event.detail.undo) {
      var undo = el("button", "button", "撤销");
      undo.onclick = function () {
        var form = doc.querySelector(event.detail.undo);
        if (form) form.requestSubmit();
        toast.remove();
      };
      toast.appendChild(undo);
    }
    area.appendChild(toast);
    leaveLater(toast);
  });

  /* Type size: a plain link; with us nothing loads again. */
  on("click", function (event) {
    var link = event.target.closest("[data-size-to]");
    if (!link) return;
    event.preventDefault();
    doc.documentElement.dataset.size = link.dataset.sizeTo;
    doc.cookie = "weijing_size=" + link.dataset.sizeTo + ";path=/;max-age=31536000;samesite=lax";
    all("[data-size-to]").forEach(function (each) { each.removeAttribute("aria-current"); });
    link.setAttribute("aria-current", "true");
  });

  /* Sheets and drawers open by their #id; here they hold and give back the focus. */
  var opener = null;
  function openDialog() {
    var target = location.hash.length > 1 && doc.getElementById(location.hash.slice(1));
    if (target && target.getAttribute("role") === "dialog") return target;
    return doc.querySelector(".sheet--open,.drawer--open");
  }
  function followHash() {
    var dialog = openDialog();
    if (dialog) {
      dialog.querySelector("h2").focus();
    } else if (opener) {
      opener.focus();
      opener = null;
    }
  }
  addEventListener("hashchange", followHash);
  on("click", function (event) {
    var link = event.target.closest('a[href^="#"]');
    if (link && !openDialog()) opener = link;
    if (event.target.matches(".sheet,.drawer")) event.target.querySelector("[data-closes]").click();
  });
  on("keydown", function (event) {
    var dialog = openDialog();
    if (dialog && event.key === "Escape") return dialog.querySelector("[data-closes]").click();
    if (dialog && event.key === "Tab") {
      var stops = all("a[href],button:enabled,input:enabled,select,textarea", dialog), here = doc.activeElement;
      var back = event.shiftKey, edge = stops[back ? 0 : stops.length - 1];
      if (here === edge || back && here.tabIndex < 0 || !dialog.contains(here)) {
        event.preventDefault();
        stops[back ? stops.length - 1 : 0].focus();
      }
      return;
    }
    /* One-letter keys can be switched off (WCAG 2.1.4): <html data-keys="off">. */
    if (event.key !== "/" || event.ctrlKey || event.metaKey || doc.documentElement.dataset.keys === "off") return;
    var field = doc.querySelector('[data-key="/"]');
    if (field && !/^(INPUT|TEXTAREA|SELECT)$/.test(doc.activeElement.tagName)) {
      event.preventDefault();
      field.focus();
    }
  });

  /* Countdowns follow the server's deadline; they are spoken only at 10, 5, 1 min and zero. */
  function left(seconds) {
    var minutes = Math.floor(Math.abs(seconds) / 60), over = seconds < 0 ? "超 " : "";
    if (minutes >= 60) return over + Math.floor(minutes / 60) + " 时 " + minutes % 60 + " 分";
    if (over) return over + minutes + " 分";
    return ("0" + minutes).slice(-2) + ":" + ("0" + seconds % 60).slice(-2);
  }
  function tick() {
    all("[data-deadline]").forEach(function (clock) {
      var seconds = Math.floor(clock.dataset.deadline - Date.now() / 1000);
      clock.textContent = left(seconds);
      clock.classList.toggle("countdown--over", seconds < 0);
      clock.setAttribute("aria-live", [600, 300, 60, 0].indexOf(seconds) < 0 ? "off" : "assertive");
    });
  }
  setInterval(tick, 1000);

  /* A panel that fails alone says so, above its old content. Only reading is tried again. */
  function failed(event) {
    var detail = event.detail, panel = detail.target, request = detail.requestConfig;
    if (!panel || !panel.parentNode) return;
    var reading = request.verb === "get";
    var note = el("div", "note note--bad", reading ? "没加载出来。" : "没保存成功，您填的还在，请再点一次。");
    note.setAttribute("role", "alert");
    note.dataset.failed = "1";
    if (reading) {
      var again = el("button", "button button--small", "重试");
      again.type = "button";
      again.onclick = function () { htmx.ajax("GET", request.path, { source: detail.elt, target: panel, swap: "outerHTML" }); };
      note.appendChild(again);
    }
    panel.parentNode.insertBefore(note, panel);
  }
  on("htmx:responseError", failed);
  on("htmx:sendError", failed);
  on("htmx:beforeRequest", function (event) {
    var note = event.detail.target.previousElementSibling;
    if (note && note.dataset.failed) note.remove();
  });

  on("DOMContentLoaded", function () {
    all("[data-toast]").forEach(leaveLater);
    var summary = doc.querySelector("[data-takes-focus]");
    if (summary) summary.focus();
    else if (openDialog()) followHash();
  });
})();
