// The `rollcall` command: hands the arguments to the command line and its outcome to the process. Invariant: standard output
// carries results only. It stands apart from the command line so that importing the app starts nothing.
console.log(process.argv.slice(2).join('|'));
