/* What was chosen before the scripts came has told nobody yet. Linked last: the others listen by now. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  document.querySelectorAll("select").forEach(function (select) {
    var shown = Array.from(select.options).findIndex(function (option) { return option.defaultSelected; });
    if (select.selectedIndex !== Math.max(shown, 0)) select.dispatchEvent(new Event("change", { bubbles: true }));
  });
});
