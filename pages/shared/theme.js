// Light, dark, or what the system asks for: a button that goes round, and remembers.

const THEMES = ['system', 'light', 'dark'];
const KEY = 'cookbook-theme';

/**
 * @param {HTMLElement} button
 * @param {() => void} onChange told of every change, the system's too
 */
export function followTheme(button, onChange = () => {}) {
  let theme = remembered();
  const show = () => {
    if (theme === 'system') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', theme);
    button.textContent = `Theme: ${theme === 'system' ? 'as the system' : theme}`;
    onChange();
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    remember(theme);
    show();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
  button.hidden = false;
  show();
}

/** Files from the disk have no storage in some browsers. */
function remembered() {
  try {
    const theme = localStorage.getItem(KEY);
    return theme !== null && THEMES.includes(theme) ? theme : 'system';
  } catch {
    return 'system';
  }
}

/** @param {string} theme */
function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Then it lasts as long as the page is open.
  }
}
