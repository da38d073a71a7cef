// The contents beside the page say where in it one is.

export function followReading() {
  const links = [...document.querySelectorAll('.contents a')];
  const byTarget = new Map(links.map((link) => [link.getAttribute('href')?.slice(1) ?? '', link]));
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        for (const link of links) link.removeAttribute('aria-current');
        byTarget.get(target.id)?.setAttribute('aria-current', 'true');
      }
    },
    { rootMargin: '-10% 0px -75% 0px' },
  );
  for (const id of byTarget.keys()) {
    const target = document.getElementById(id);
    if (target !== null) observer.observe(target);
  }
}
