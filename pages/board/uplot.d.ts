// What the board's server serves beside it under this name.
export { default } from 'uplot';
