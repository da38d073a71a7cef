// What a mark of a chart says of itself is shown beside the pointer.

import { byId } from '../shared/elements.js';

export function showTips() {
  const tip = byId('tip');
  document.addEventListener('pointermove', (event) => {
    const target =
      event.target instanceof Element ? event.target.closest('.drawing [aria-label][role="graphics-symbol"]') : null;
    const label = target?.getAttribute('aria-label') ?? '';
    tip.hidden = label === '';
    if (label === '') return;
    tip.textContent = label.split('; ').join('\n');
    const { clientX: x, clientY: y } = event;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${y + 18 + height > innerHeight ? y - height - 10 : y + 18}px`;
  });
}
