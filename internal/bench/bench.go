// Package bench holds the numbers that the program has to keep, as benchmarks: each prints its figure, its bar and a verdict,
// and fails where the bar is missed. Nothing of it runs with the tests; docs/performance.md has the commands and the figures.
package bench
