/* What only WeCom's own client can do. Every page works without it. */
(function () {
  "use strict";
  var doc = document, inWeCom = /wxwork/i.test(navigator.userAgent);

  /* Inside WeCom the button closes this page, which leaves the officer where the task is.
     In any other browser the link opens the words that say how to get there. */
  doc.addEventListener("click", function (event) {
    var link = event.target.closest("[data-back-to-wecom]");
    if (!link || !inWeCom || !window.WeixinJSBridge) return;
    event.preventDefault();
    window.WeixinJSBridge.call("closeWindow");
  });

  var PATIENCE = 10000;
  if (!inWeCom || !window.ww) return;

  function later(milliseconds) {
    return new Promise(function (resolve) { setTimeout(resolve, milliseconds); });
  }
  function inTime(promise) {
    return Promise.race([promise, later(PATIENCE).then(function () { throw new Error("too slow"); })]);
  }
  /* The tickets may still be on their way to the server: ask again, three times. */
  function ask(address, times) {
    var url = location.href.split("#")[0];
    return fetch(address + "?url=" + encodeURIComponent(url), { credentials: "same-origin" })
      .then(function (answer) {
        if (answer.ok) return answer.json();
        if (times < 2) throw new Error("no signature");
        return later(2000).then(function () { return ask(address, times - 1); });
      });
  }
  function register(address, calls) {
    return ask(address, 3).then(function (made) {
      window.ww.register({
        corpId: made.corpId,
        agentId: made.agentId,
        jsApiList: calls,
        getConfigSignature: function () { return Promise.resolve(made.config); },
        getAgentConfigSignature: function () { return Promise.resolve(made.agentConfig); }
      });
    });
  }

  /* On a record: WeCom opens the chat with this person. Anything that goes wrong leaves the link,
     which opens the words that say how to find it. */
  doc.addEventListener("click", function (event) {
    var link = event.target.closest("[data-open-chat]");
    if (!link) return;
    event.preventDefault();
    inTime(register(link.dataset.signature, ["openEnterpriseChat"]).then(function () {
      return window.ww.openEnterpriseChat({ userIds: [], externalUserIds: [link.dataset.openChat], groupName: "" });
    })).catch(function () { location.hash = link.hash; });
  });

  /* Beside a chat: whose is it? Anything that goes wrong leaves the search page. */
  var form = doc.getElementById("chat");
  if (!form) return;
  var CHATS = ["contact_profile", "single_chat_tools"];  /* where WeCom names the person */

  function show(id) {
    ["chat-looking", "chat-unknown", "chat-none"].forEach(function (each) {
      doc.getElementById(each).hidden = each !== id;
    });
  }
  function whose(context) {
    if (CHATS.indexOf(context.entry) < 0) return null;
    return window.ww.getCurExternalContact();
  }
  function open(found) {
    if (!found || !found.userId) return show("chat-none");
    form.elements.external_userid.value = found.userId;
    form.submit();
  }

  show("chat-looking");
  var asked = register(form.dataset.signature, ["getContext", "getCurExternalContact"])
    .then(function () { return window.ww.getContext(); });
  inTime(asked.then(whose)).then(open).catch(function () { show("chat-unknown"); });
})();
