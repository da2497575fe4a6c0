// Package secret holds text that cannot leak: it prints as ***, refuses to be encoded, and is revealed only to the
// origins it was sealed for.
//
// Only a [Redactor] creates a [Secret]. It masks the raw value with the runner before the Text exists, and it redacts every
// line that the program prints, which also covers a secret repeated in a server's answer.
package secret

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const stars = "***"

// ErrOtherOrigin reports that a secret was requested for an origin that it was not sealed for.
var ErrOtherOrigin = errors.New("this secret belongs to another origin")

// errNotEncoded prevents that secrets are written to JSON and other encodings.
var errNotEncoded = errors.New("a secret is never encoded")

// Redactor creates secrets and knows all of them. It is safe for concurrent use.
type Redactor struct {
	mask func(string)

	mu       sync.RWMutex
	known    map[string]bool
	replacer *strings.Replacer
}

// NewRedactor returns an empty vault. mask is called once for each line of a value before its Text exists; on GitHub it is
// the add-mask command. It may be nil.
func NewRedactor(mask func(string)) *Redactor {
	if mask == nil {
		mask = func(string) {}
	}
	return &Redactor{mask: mask, known: map[string]bool{}, replacer: strings.NewReplacer()}
}

// New masks raw and returns it as a Text that is revealed only to the given origins (scheme, host and port). A blank raw
// returns an empty Text.
func (v *Redactor) New(raw string, origins ...*url.URL) Secret {
	if strings.TrimSpace(raw) == "" {
		return Secret{}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.known[raw] && !TooShort(raw) {
		for line := range strings.Lines(raw) {
			if line = strings.TrimSpace(line); line != "" {
				v.mask(line)
			}
		}
		v.learn(raw)
	}
	at := make([]string, 0, len(origins))
	for _, origin := range origins {
		at = append(at, Origin(origin))
	}
	return Secret{raw: &raw, origins: at}
}

// shortest is how many bytes a secret has at least that is masked.
const shortest = 4

// TooShort reports whether a secret is not masked, since it is so short that its letters would be masked everywhere.
func TooShort(raw string) bool { return len(strings.TrimSpace(raw)) < shortest }

// learn adds raw, and the forms in which servers and libraries echo it, to what Redact replaces.
func (v *Redactor) learn(raw string) {
	v.known[raw] = true
	for line := range strings.Lines(raw) {
		if line = strings.TrimSpace(line); line != "" {
			v.known[line] = true
			v.known[url.QueryEscape(line)] = true
			v.known[url.PathEscape(line)] = true
		}
	}
	for _, form := range base64Forms(raw) {
		v.known[form] = true
	}
	forms := make([]string, 0, len(v.known))
	for form := range v.known {
		forms = append(forms, form)
	}
	// The longest first: a secret that contains another one must be replaced as a whole.
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, stars)
	}
	v.replacer = strings.NewReplacer(pairs...)
}

// base64Forms returns what raw looks like inside a longer base64 text, for any text before and after it: basic
// authentication encodes a password this way. Short values are skipped, because their forms could be ordinary text.
func base64Forms(raw string) []string {
	if len(raw) < 9 {
		return nil
	}
	var forms []string
	for shift := range 3 {
		middle := raw[(3-shift)%3:]
		middle = middle[:len(middle)-len(middle)%3]
		forms = append(forms, base64.StdEncoding.EncodeToString([]byte(middle)), base64.URLEncoding.EncodeToString([]byte(middle)))
	}
	return forms
}

// Redact replaces every secret of the vault in line, and its URL-escaped and base64 forms, by ***.
func (v *Redactor) Redact(line string) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.replacer.Replace(line)
}

// Secret is a secret. The zero value is the empty secret. It prints as *** with every formatting verb and refuses to be
// encoded.
type Secret struct {
	// A pointer, so that a printer that walks unexported fields finds an address and not the value.
	raw     *string
	origins []string
	isUser  bool
}

// Empty reports whether there is no secret.
func (t Secret) Empty() bool { return t.raw == nil }

// AsUser returns the same secret for basic authentication as the user name, with an empty password: some indexes want a token there.
func (t Secret) AsUser() Secret {
	t.isUser = true
	return t
}

// IsUser reports whether the secret is the user name of basic authentication, see [Secret.AsUser].
func (t Secret) IsUser() bool { return t.isUser }

// Same reports whether two texts hold the same secret.
func (t Secret) Same(other Secret) bool {
	if t.raw == nil || other.raw == nil {
		return t.raw == other.raw
	}
	return *t.raw == *other.raw
}

// Value returns the raw secret for a request to the given URL. The error wraps [ErrOtherOrigin] unless the URL's scheme,
// host and port are those of an origin that the secret was sealed for. An empty secret is an error too.
func (t Secret) Value(to *url.URL) (string, error) {
	if t.raw == nil {
		return "", errors.New("there is no secret to reveal")
	}
	if to == nil || !slices.Contains(t.origins, Origin(to)) {
		return "", fmt.Errorf("%w: refused to reveal it to %s", ErrOtherOrigin, Origin(to))
	}
	return *t.raw, nil
}

// String returns ***, or an empty text for the empty secret.
func (t Secret) String() string {
	if t.Empty() {
		return ""
	}
	return stars
}

// Format prints *** for every formatting verb.
func (t Secret) Format(state fmt.State, _ rune) {
	// A failed write to a fmt.State cannot be reported from here.
	_, _ = state.Write([]byte(t.String()))
}

// MarshalJSON always returns an error: a secret in a document is a leak.
func (Secret) MarshalJSON() ([]byte, error) { return nil, errNotEncoded }

// MarshalText always returns an error: a secret in a document is a leak.
func (Secret) MarshalText() ([]byte, error) { return nil, errNotEncoded }

// Origin returns scheme, host and port of a URL, with the default port of the scheme if the URL has none. For nil it
// returns "nowhere".
func Origin(u *url.URL) string {
	if u == nil {
		return "nowhere"
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme) + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
