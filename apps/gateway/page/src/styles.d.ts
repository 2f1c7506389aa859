// Style sheets, as the bundler takes them: imported for what they do, with nothing in them to be named.
declare module '*.css';
