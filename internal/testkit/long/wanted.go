//go:build long

package long

// Wanted is set if tests may take long.
const Wanted = true
