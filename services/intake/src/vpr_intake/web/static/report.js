// Without this script every page works as well. With it the whole form is one entry of the history, so that Back does
// not lead through what was said, and leaving is instant.
"use strict";

(() => {
  const neutral = () => document.body.classList.contains("neutral");
  let leaving = false, busy = false, typed = false;

  const leave = () => {
    leaving = true;
    const exit = document.querySelector("[data-exit]").href;
    document.documentElement.hidden = true;
    document.title = "";
    location.replace(exit);
  };

  const enhance = () => {
    for (const one of document.querySelectorAll("[data-print]")) one.hidden = false;
    for (const one of document.querySelectorAll("[data-locate]")) one.hidden = !navigator.geolocation;
  };

  const show = async answer => {
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = next.title;
    document.documentElement.lang = next.documentElement.lang;
    document.body.replaceWith(next.body);
    history.replaceState(null, "", answer.url);
    enhance();
    scrollTo(0, 0);
    (document.querySelector("[autofocus]") || document.querySelector("h1")).focus();
  };

  const go = async (url, options, otherwise) => {
    if (busy) return;
    busy = true;
    document.documentElement.setAttribute("aria-busy", "true");
    try {
      await show(await fetch(url, {credentials: "same-origin", redirect: "follow", cache: "no-store", ...options}));
    } catch {
      typed = false;
      otherwise();
    } finally {
      busy = false;
      document.documentElement.removeAttribute("aria-busy");
    }
  };

  const ours = url => url.origin === location.origin && url.pathname.startsWith(location.pathname.split("/report")[0] + "/report");

  document.addEventListener("submit", event => {
    const form = event.target, button = event.submitter;
    if (!button || !window.fetch) return;
    event.preventDefault();
    const said = new URLSearchParams(new FormData(form));
    if (button.name) said.append(button.name, button.value);
    const url = button.hasAttribute("formaction") ? button.formAction : form.action;
    go(url, {method: "POST", body: said}, () => {
      const extra = document.createElement("input");
      Object.assign(extra, {type: "hidden", name: button.name || "by", value: button.value});
      form.append(extra);
      form.action = url;
      form.submit();
    });
  });

  document.addEventListener("click", event => {
    const link = event.target.closest("a, [data-print], [data-locate]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.matches("[data-print]")) return print();
    if (link.matches("[data-locate]")) return locate(link);
    if (link.matches("[data-exit]")) {
      event.preventDefault();
      return leave();
    }
    const url = new URL(link.href);
    if (link.getAttribute("href").startsWith("#")) {
      const field = document.getElementById(decodeURIComponent(url.hash.slice(1)));
      event.preventDefault();
      if (field) field.focus();
    } else if (ours(url)) {
      event.preventDefault();
      go(url, {}, () => { location.href = url; });
    }
  });

  const locate = button => {
    const form = button.form, said = document.querySelector("[data-place]");
    said.textContent = button.dataset.locating;
    navigator.geolocation.getCurrentPosition(found => {
      form.elements.latitude.value = found.coords.latitude;
      form.elements.longitude.value = found.coords.longitude;
      form.elements.keep_point.value = "yes";
      said.textContent = button.dataset.located;
    }, () => { said.textContent = button.dataset.failed; }, {timeout: 15000, maximumAge: 60000});
  };

  document.addEventListener("keydown", event => {
    if (event.key === "Escape" && neutral()) leave();
  });

  document.addEventListener("input", () => { typed = true; });

  // What was typed, and a receipt that is shown once, are not lost by a slip of the finger. Where it matters that nobody
  // sees the page, nothing holds up who goes.
  addEventListener("beforeunload", event => {
    if (typed && !leaving && !neutral() && document.querySelector("#steps, .receipt")) event.preventDefault();
  });

  addEventListener("pageshow", event => {
    if (event.persisted) location.reload();
  });

  enhance();
  const first = document.querySelector("[autofocus]");
  if (first) first.focus();
})();
