// The one place that knows which rendering library the page uses (see vendor/README.md).
import { h } from './vendor/preact.js';
import htm from './vendor/htm.js';

export const html = htm.bind(h);
export { render, createContext, Fragment } from './vendor/preact.js';
export {
  useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useReducer,
} from './vendor/hooks.js';

/** Joins class names, leaving out the falsy ones. */
export const cls = (...names) => names.filter(Boolean).join(' ');
