// The palette: a page, a node or a form by a few letters. What it shows is the list of /go, which the server
// draws for whoever reads it, and every entry is a link: it leads somewhere and never acts.
'use strict';
(() => {
  const LIST = '/go';
  const FIELD = 'go-text';
  let dialog;

  /** What is shown of the list, in its order. */
  const links = () => [...dialog.querySelectorAll('li:not([hidden]) a')];

  /** Shows what has every word that was typed, and says how much that is. */
  function narrow() {
    const words = dialog.querySelector('input').value.toLowerCase().split(/\s+/);
    for (const item of dialog.querySelectorAll('li')) {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of dialog.querySelectorAll('section section')) {
      group.hidden = !group.querySelector('li:not([hidden])');
    }
    const count = links().length;
    dialog.querySelector('[role=status]').textContent = count === 1 ? '1 place' : `${count} places`;
  }

  /** Moves the focus between the field and what is shown. */
  function move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [dialog.querySelector('input'), ...links()];
    const next = stops.indexOf(document.activeElement) + step;
    stops[(next + stops.length) % stops.length].focus();
  }

  /** The list, or nothing where it is not to be had. */
  async function fetched() {
    try {
      const answer = await fetch(LIST, { headers: { accept: 'text/html' } });
      if (!answer.ok) return null;
      return new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('go');
    } catch {
      return null;
    }
  }

  function made(list) {
    const made = document.createElement('dialog');
    made.className = 'help';
    made.dataset.form = 'palette';
    made.setAttribute('aria-label', 'Go to');
    made.append(list);
    made.addEventListener('keydown', move);
    made.addEventListener('input', narrow);
    made.addEventListener('submit', (event) => {
      event.preventDefault();
      links()[0]?.click();
    });
    document.body.append(made);
    return made;
  }

  async function open() {
    const here = document.getElementById(FIELD);
    if (here && !dialog) return here.focus();
    if (dialog?.open) return dialog.close();
    const list = dialog ? null : await fetched();
    if (!dialog && !list) return location.assign(LIST);
    dialog ??= made(list);
    const field = dialog.querySelector('input');
    field.value = '';
    narrow();
    // The browser gives the focus back to where it was when the dialog closes.
    if (!dialog.open) dialog.showModal();
    field.focus();
  }

  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key === 'k') {
      event.preventDefault();
      open();
    }
  });
  open();
})();
