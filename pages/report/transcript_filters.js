// What narrows a list of transcripts down to those with a text in them.

export function filterTranscripts() {
  for (const filter of document.querySelectorAll('[data-filters]')) {
    const list = document.getElementById(filter.getAttribute('data-filters') ?? '');
    const input = filter.querySelector('input');
    if (list === null || input === null || !(filter instanceof HTMLElement)) continue;
    const items = [...list.children]
      .filter((item) => item instanceof HTMLElement)
      .map((item) => ({ item, words: (item.textContent ?? '').toLowerCase() }));
    const status = filter.querySelector('[role=status]');
    input.addEventListener('input', () => {
      const wanted = input.value.toLowerCase();
      for (const { item, words } of items) item.hidden = !words.includes(wanted);
      const n = items.filter(({ item }) => !item.hidden).length;
      if (status !== null) status.textContent = `${n} of ${items.length}`;
    });
    filter.hidden = false;
  }
}
