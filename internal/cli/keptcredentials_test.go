package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestWithKept: which files are used, for whom, and where.
func TestWithKept(t *testing.T) {
	t.Parallel()
	const (
		upload = "https://index.example/legacy/"
		netrc  = "machine other.example login x password y\nmachine index.example\n  login me\n  password hunter2\n" +
			"default login d password e\n"
		pypirc = "[distutils]\nindex-servers = own\n\n[own]\nrepository: https://index.example/legacy/\n" +
			"username = dev\npassword = p=a:ss\n" +
			"[later]\nrepository = https://index.example/legacy\nusername = no\npassword = no\n"
	)
	type files = map[string]string
	for name, c := range map[string]struct {
		files  files
		mode   os.FileMode // 0: private
		env    map[string]string
		inputs map[string]string // besides the upload URL
		want   string            // user:password; "" for none
		file   string
	}{
		".netrc":            {files: files{".netrc": netrc}, want: "me:hunter2", file: ".netrc"},
		".pypirc before it": {files: files{".netrc": netrc, ".pypirc": pypirc}, want: "dev:p=a:ss", file: ".pypirc"},
		"for a token": {
			files: files{".netrc": netrc}, inputs: map[string]string{"auth": "token"}, want: "me:hunter2",
			file: ".netrc",
		},
		"of this user": {
			files: files{".netrc": netrc, ".pypirc": pypirc}, inputs: map[string]string{"user": "me"},
			want: "me:hunter2", file: ".netrc",
		},
		"of another user":  {files: files{".netrc": netrc}, inputs: map[string]string{"user": "you"}},
		"only the default": {files: files{".netrc": "default login d password e\n"}},
		"another host": {
			files:  files{".netrc": netrc},
			inputs: map[string]string{"repository-url": "https://sub.index.example/"},
		},
		"another address": {
			files:  files{".pypirc": pypirc},
			inputs: map[string]string{"repository-url": "https://index.example/other/"},
		},
		"a macro": {
			files: files{".netrc": "macdef x\nmachine index.example login a password b\n\n" + netrc},
			want:  "me:hunter2", file: ".netrc",
		},
		"readable by others": {files: files{".netrc": netrc}, mode: 0o644},
		"in CI": {
			files: files{".netrc": netrc}, env: map[string]string{"CI": "true"},
			inputs: map[string]string{"auth": "token"},
		},
		"in GitHub Actions": {
			files: files{".netrc": netrc}, env: map[string]string{"GITHUB_ACTIONS": "true"},
			inputs: map[string]string{"auth": "token"},
		},
		"where an ID token can be had": {
			files: files{".netrc": netrc},
			env:   map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x/"},
		},
		"with Trusted Publishing": {files: files{".netrc": netrc}, inputs: map[string]string{"auth": "trusted-publishing"}},
		"over http": {
			files:  files{".netrc": "machine 127.0.0.1 login a password b"},
			inputs: map[string]string{"repository-url": "http://127.0.0.1/"},
		},
		"a password is given": {
			files: files{".netrc": netrc}, inputs: map[string]string{"password": "given", "user": "u"},
			want: "u:given",
		},
		"no address, which would be PyPI's": {
			files:  files{".netrc": "machine upload.pypi.org login a password b"},
			inputs: map[string]string{"repository-url": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			for file, text := range c.files {
				path := filepath.Join(home, file)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if c.mode != 0 {
					if err := os.Chmod(path, c.mode); err != nil {
						t.Fatal(err)
					}
				}
			}
			w := Process{Getenv: func(variable string) string {
				if variable == "HOME" {
					return home
				}
				return c.env[variable]
			}}
			input, file := w.withKept(func(input string) string {
				if value, ok := c.inputs[input]; ok || input != "repository-url" {
					return value
				}
				return upload
			})
			got := ""
			if input("password") != "" {
				got = input("user") + ":" + input("password")
			}
			expect.Equal(t, "credentials", got, c.want)
			if file != "" {
				file = filepath.Base(file)
			}
			expect.Equal(t, "file", file, c.file)
		})
	}
}
