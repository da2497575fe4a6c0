// Package bench holds the numbers that the program has to keep, as benchmarks: each prints its figure, its bar and a verdict,
// and fails where the bar is missed. Nothing of it runs with the tests, or is
// built with them: it has the build tag bench. docs/performance.md has the commands and the figures.
package bench
