package index

import (
	"context"
	"time"

	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Credentials provides the authentication of uploads. It is called right before each try, and by several goroutines.
type Credentials interface {
	// Token returns a user, and a password or token that is valid for at least validFor, which is the time that the upload may take.
	Token(ctx context.Context, validFor time.Duration) (user string, token secret.Secret, err error)
	// Release says that an upload no longer uses what Token returned, and whether the index accepted it with that.
	Release(ctx context.Context, token secret.Secret, accepted bool)
	// Rejected says that the index answered 403 to what Token returned, for this reason. It reports whether Token returns something
	// else now, with which the upload can be tried again.
	Rejected(ctx context.Context, token secret.Secret, reason string) (other bool)
}

// Password returns credentials that never change: an API token, or user and password. An empty password stands for no credentials at all.
func Password(user string, password secret.Secret) Credentials { return login{user, password} }

type login struct {
	user     string
	password secret.Secret
}

// Token returns the user and the password; it never fails.
func (l login) Token(context.Context, time.Duration) (string, secret.Secret, error) {
	if l.password.Empty() {
		return "", secret.Secret{}, wire.ErrAnonymous
	}
	return l.user, l.password, nil
}

// Release does nothing: the password stays valid.
func (login) Release(context.Context, secret.Secret, bool) {}

// Rejected reports false: there is no other password.
func (login) Rejected(context.Context, secret.Secret, string) bool { return false }
