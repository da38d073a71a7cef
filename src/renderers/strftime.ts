// Dates as `strftime` writes them, by the directives that chat templates use.

export function formatDate(format: string, date: string): string {
  const at = new Date(`${date}T00:00:00Z`);
  const name = (options: Intl.DateTimeFormatOptions) => at.toLocaleDateString('en-US', { ...options, timeZone: 'UTC' });
  const [year = '', month = '', day = ''] = date.split('-');
  const directives: Record<string, string> = {
    '%Y': year,
    '%m': month,
    '%d': day,
    '%B': name({ month: 'long' }),
    '%b': name({ month: 'short' }),
    '%A': name({ weekday: 'long' }),
    '%a': name({ weekday: 'short' }),
    '%H': '00',
    '%M': '00',
    '%S': '00',
  };
  return format.replace(/%./g, (directive) => {
    const value = directives[directive];
    if (value === undefined) throw new Error(`it formats the date with ${directive}, which is not known here`);
    return value;
  });
}
