/* Inside WeCom the button closes this page, which leaves the officer where the task is.
   In any other browser the link opens the words that say how to get there. */
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-back-to-wecom]");
    if (!link || !/wxwork/i.test(navigator.userAgent) || !window.WeixinJSBridge) return;
    event.preventDefault();
    window.WeixinJSBridge.call("closeWindow");
  });
})();
