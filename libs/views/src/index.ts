// Public states and memberships, materialised from their topics for whoever needs to look up.
export * from './states-view.js';
export * from './memberships-view.js';
