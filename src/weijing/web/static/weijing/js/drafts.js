/* Long texts: kept while they are written, and counted as WeCom counts. Linked by pages that need it. */
(function () {
  "use strict";
  var doc = document;
  function on(name, act) { doc.addEventListener(name, act); }

  /* Drafts: <form data-autosave="URL"> is posted 5 s after the last change; says when in [data-saved]. */
  var timers = new WeakMap();
  on("input", function (event) {
    var form = event.target.form;
    if (!form || !form.dataset.autosave) return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(function () {
      fetch(form.dataset.autosave, { method: "POST", body: new FormData(form), credentials: "same-origin" })
        .then(function (answer) { return answer.ok; }, function () { return false; })
        .then(function (saved) {
          var note = doc.querySelector("[data-saved]");
          var time = new Date().toTimeString().slice(0, 5);
          if (note) note.textContent = saved ? time + " 已自动保存" : "没能自动保存，您写的还在";
        });
    }, 5000));
  });

  /* <textarea data-count="id">: characters and bytes, for WeCom counts bytes. */
  on("input", function (event) {
    var place = event.target.dataset.count && doc.getElementById(event.target.dataset.count);
    if (!place) return;
    var text = event.target.value, bytes = new Blob([text]).size + Number(event.target.dataset.extra || 0);
    place.textContent = Array.from(text).length + " 字 · " + bytes.toLocaleString("en") + " / 4,000 字节";
    place.classList.toggle("bad", bytes > 4000);
  });

  /* <button data-insert="id" value="村">: puts {村} where the caret stands, and tells the field. */
  on("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-insert]");
    var field = button && doc.getElementById(button.dataset.insert);
    if (!field) return;
    event.preventDefault();
    field.setRangeText("{" + button.value + "}", field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  /* A post that waited its turn still says which button was pressed, though the answer before it
     has replaced that button: htmx itself forgets it with the focus. */
  on("htmx:configRequest", function (event) {
    var pressed = event.detail.triggeringEvent && event.detail.triggeringEvent.submitter;
    if (!pressed || !pressed.name || event.detail.formData.has(pressed.name)) return;
    event.detail.formData.append(pressed.name, pressed.value);
  });
})();
