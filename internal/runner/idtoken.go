package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/localfile"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// longestEvent limits the event file, in bytes: the largest payload that GitHub sends is 25 MB.
const longestEvent = 25 << 20

// IDTokens returns the source of the run's ID tokens. Each call requests a new token from GitHub, masks it and parses its claims.
// Its errors are findings for a missing permission, a pull request from a fork, or a run outside of GitHub.
func (r *Runner) IDTokens(client *wire.Client) oidc.Source {
	library := githubactions.New(
		githubactions.WithGetenv(r.getenv),
		githubactions.WithWriter(io.Discard),
		githubactions.WithHTTPClient(client.HTTP(wire.IDToken)))
	return func(ctx context.Context, audience string, to *url.URL) (oidc.Token, error) {
		if err := r.CheckIDToken(); err != nil {
			return oidc.Token{}, err
		}
		var raw string
		err := par.Catch(func() (err error) {
			raw, err = library.GetIDToken(ctx, audience)
			return err
		})
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return oidc.Token{}, cause
			}
			return oidc.Token{}, r.explain(err)
		}
		// The library does not mask the token, so it is masked here as soon as it is valid. Anything else is dropped without a mask: a
		// mask of several lines could hide parts of the log and the summary.
		claims, err := oidc.ParseClaims(raw)
		if err != nil {
			return oidc.Token{}, finding.New(finding.IDTokenAnswer,
				"GitHub's answer to the request for an ID token contains none: "+err.Error(), r.again())
		}
		text := r.redactor.New(raw, to)
		return oidc.Token{Text: text, Claims: claims}, nil
	}
}

// CheckIDToken returns, without a request, why this run can get no ID token, or nil. Its errors are findings.
func (r *Runner) CheckIDToken() error {
	at := r.getenv("ACTIONS_ID_TOKEN_REQUEST_URL")
	switch {
	case at != "" && r.getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN") != "":
		return checkRequestURL(at)
	case !r.actions:
		return finding.New(finding.IDTokenNoRunner,
			"Trusted Publishing needs an ID token, which exists only in GitHub Actions",
			"run this in a workflow, or set INPUT_PASSWORD to an API token; `rehearse` needs neither")
	case r.forkPull():
		return finding.New(finding.IDTokenFork,
			"this run is for a pull request from a fork, and GitHub gives such runs no ID token, whatever permissions the workflow has",
			"publish from a tag, a release or workflow_dispatch of the repository itself")
	default:
		return oidc.PermissionError{Finding: finding.New(finding.IDTokenPermission,
			"this job is not allowed to request an ID token from GitHub",
			"add `id-token: write` to the `permissions` of the job that publishes; in a reusable workflow the calling job needs it too")}
	}
}

// checkRequestURL returns an error if the request token would be sent unencrypted over a network.
func checkRequestURL(at string) error {
	u, err := url.Parse(at)
	if err == nil && wire.Private(u) {
		return nil
	}
	return finding.New(finding.IDTokenNoAnswer,
		"ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL",
		"do not set this variable in the workflow: the runner sets it")
}

// forkPull reports whether the run was triggered by a pull request from a fork. If the event cannot be read, it returns false; one that is
// no regular file is not read, and is reported once.
func (r *Runner) forkPull() bool {
	if r.getenv("GITHUB_EVENT_NAME") != "pull_request" {
		return false
	}
	file, _, err := localfile.Open(r.getenv("GITHUB_EVENT_PATH"))
	var special *localfile.NotRegularError
	if errors.As(err, &special) {
		r.eventOnce.Do(func() {
			r.Annotate(finding.New(finding.EventFile,
				"GITHUB_EVENT_PATH cannot be read: "+special.Error(), "do not set this variable in the workflow: the runner sets it"))
		})
	}
	if err != nil {
		return false
	}
	defer file.Close()
	// A deleted head repository is null, and it was a fork.
	var event struct {
		Pull *struct {
			Head struct {
				Repo *struct {
					Name string `json:"full_name"`
				} `json:"repo"`
			} `json:"head"`
		} `json:"pull_request"`
	}
	if err := json.NewDecoder(io.LimitReader(file, longestEvent)).Decode(&event); err != nil || event.Pull == nil {
		return false
	}
	head := event.Pull.Head.Repo
	return head == nil || !strings.EqualFold(head.Name, r.getenv("GITHUB_REPOSITORY"))
}

// again returns the next step after a request for an ID token that had no good answer.
func (r *Runner) again() string {
	if at := r.Elsewhere(); at != "" {
		return "run the job again; ask those who operate " + at + " if it persists"
	}
	return "run the job again; check https://www.githubstatus.com if it persists"
}

// explain converts the library's errors to a finding. It includes the beginning of the answer's body, which may contain the reason.
func (r *Runner) explain(err error) error {
	problem := finding.New(finding.IDTokenNoAnswer,
		"GitHub gave no ID token: "+err.Error(), r.again())
	var refused *githubactions.RequestFailedError
	if errors.As(err, &refused) {
		body := r.redactor.Redact(refused.Body) // redacted before it is cut: a part of a secret is not recognized
		answer := wire.Answer{Status: refused.StatusCode, Body: []byte(body), Header: http.Header{}}
		if json.Valid(answer.Body) {
			answer.Header.Set("Content-Type", "application/json")
		}
		message, rest := cut(answer.ServerMessage(), 300)
		problem.Message = fmt.Sprintf("GitHub gave no ID token: its endpoint answered %d: %s%s", refused.StatusCode, message, rest)
	}
	if lost := wire.ErrorOf(err); lost != nil {
		problem.Message, problem.Fix = "GitHub gave no ID token: "+lost.Error(), cmp.Or(wire.Advice(err), problem.Fix)
	}
	return problem
}
