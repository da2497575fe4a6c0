//go:build unix

package localfile

import "syscall"

// nonblocking is the flag with which a pipe is opened at once, and not when its other end is. It changes nothing for a regular file. The
// other flag keeps a terminal from becoming that of the process.
const nonblocking = syscall.O_NONBLOCK | syscall.O_NOCTTY
