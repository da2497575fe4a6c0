//go:build bench

package bench_test

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

// The other publishers, each with the arguments that upload files to an address, and with variables of its environment. Neither reads
// back, asks for a token or revokes one: they are given an API token, which takes no time.
func uploaders() map[string]func(address string) (arguments, env []string) {
	const token = "pypi-AgENdGVzdC5sb2NhbGhvc3Q" // of no index: the one here does not ask
	return map[string]func(address string) (arguments, env []string){
		"uv": func(address string) ([]string, []string) {
			return []string{"publish", "--no-config", "--no-progress", "--trusted-publishing", "never", "--publish-url", address},
				[]string{"UV_PUBLISH_TOKEN=" + token}
		},
		"twine": func(address string) ([]string, []string) {
			return []string{"upload", "--non-interactive", "--disable-progress-bar", "--repository-url", address}, []string{
				"TWINE_USERNAME=__token__", "TWINE_PASSWORD=" + token, "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring",
			}
		},
	}
}

// found returns the path of a program, or an empty string.
func found(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// publishers are the other publishers, of which those that are installed are measured as do says.
func publishers(do func(b *testing.B, name, program, folder string) sample) []peer {
	var all []peer
	for _, name := range []string{"uv", "twine"} {
		all = append(all, peer{name, func(b *testing.B, _, folder string) sample {
			b.Helper()
			path := found(name)
			if path == "" {
				return nil
			}
			return do(b, name, path, folder)
		}})
	}
	return all
}

// others are the other publishers, which do what this program does.
func others(do func(b *testing.B, program, folder string) sample) []peer {
	return publishers(func(b *testing.B, _, program, folder string) sample {
		b.Helper()
		return do(b, program, folder)
	})
}

// clients are the other publishers that upload a folder of n files to an index that answers as given.
func clients(n int, answer func()) []peer {
	return publishers(func(b *testing.B, name, program, folder string) sample {
		b.Helper()
		to, home := newIndex(b, answer), b.TempDir()
		arguments, env := uploaders()[name](to.address.String())
		env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+home, "TMPDIR="+home, "LANG=C.UTF-8")
		s, _ := process(b, env, program, append(arguments, filesIn(b, folder)...)...)
		to.check(b, n)
		s[uploads] = to.last.Sub(to.first).Seconds()
		return s
	})
}

// tools runs each command with the one file of a folder as its last argument.
func tools(commands ...[]string) func(*testing.B, string, string) sample {
	return func(b *testing.B, _, folder string) sample {
		b.Helper()
		sum := sample{}
		for _, command := range commands {
			path := found(command[0])
			if path == "" {
				return nil
			}
			arguments := append(slices.Clone(command[1:]), filesIn(b, folder)[0])
			s, _ := process(b, []string{"PATH=" + os.Getenv("PATH")}, path, arguments...)
			sum = sum.plus(s)
		}
		return sum
	}
}
