// The words of Matrix that Rollcall speaks: ids, m.presence content, requests, errors, filters. Pure: it imports
// nothing and sees no platform, no clock and no randomness.
export * from './errors.js';
export * from './filter.js';
export * from './filter-match.js';
export * from './ids.js';
export * from './json.js';
export * from './presence-content.js';
export * from './requests.js';
export * from './utf8.js';
