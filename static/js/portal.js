// What a page gains from JavaScript beyond htmx. Everything here is a comfort: without it each form and menu still works.
(() => {
  "use strict";

  const release = (form) => {
    delete form.dataset.sending;
    form.querySelectorAll(".busy").forEach((button) => button.classList.remove("busy"));
  };

  // A form being sent says so, and cannot be sent twice by an impatient second click. After ten seconds it may be: the
  // answer was a download that left the page standing, or it never came.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    if (form.method === "post" && !event.defaultPrevented) {
      form.dataset.sending = "yes";
      event.submitter?.classList.add("busy");
      setTimeout(() => release(form), 10_000);
    }
  });

  // "Back" from Stripe's page may show this page as it was left, with its form still marked as being sent.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(release));

  // The server could not be reached at all, so there is no answer to show.
  document.addEventListener("htmx:error", (event) => {
    const place = document.getElementById("page-message");
    if (!place || !event.detail?.ctx) return;
    const notice = document.createElement("div");
    notice.className = "notice tone-bad";
    const text = document.createElement("p");
    text.textContent = "We could not reach the server. Check your connection, reload this page to see how things stand, and try again.";
    notice.append(text);
    place.replaceChildren(notice);
  });

  // Menus close when somebody clicks elsewhere or presses Escape.
  const menus = "details.menu[open], details.phone-menu[open]";
  document.addEventListener("click", (event) => {
    document.querySelectorAll(menus).forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll(menus).forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const input = document.getElementById(button.dataset.copy);
    const label = button.querySelector("span");
    input.select(); // so that the keyboard's copy works where the browser gives pages no clipboard
    if (!navigator.clipboard) return;
    await navigator.clipboard.writeText(input.value);
    const before = label.textContent;
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = before; }, 2000);
  });
})();
