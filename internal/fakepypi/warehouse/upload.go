package warehouse

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/attestation"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// upload is the state of one POST to the upload endpoint while the rules check it. Rules set what later ones need.
type upload struct {
	ix       *Index
	r        *http.Request
	began    uint64 // which state of the tables the request sees; see stamp
	behavior Behavior
	form     *form
	auth     credential
	token    *issuedToken
	version  pep.Version
	project  *project // nil if it does not exist (yet)
	creates  bool     // the project is new, and is added to the index with this file
	release  *release // nil if this file creates it

	archive    archive.Facts
	provenance *attestation.Provenance // from the attestations in the form; nil without any
	done       bool                    // the index has this very file already: 200, and nothing changes
}

// rule is one step of the pipeline; a refusal ends it. Its row is the number in docs/reference/pypi-server.md §2.
type rule struct {
	row   string
	check func(*upload) *refusal
}

// rules returns the pipeline of PyPI, in its order.
func rules() []rule {
	return []rule{
		{"2.1/2", secure},
		{"2.1/4", sanitised},
		{"1.1", action},
		{"2.1/3", noPassword},
		{"2.1/5", readOnly},
		{"2.1/6", noNewUploads},
		{"2.1/7", identified},
		{"2.1/8", protocol},
		{"2.2/9-14", formFields},
		{"2.3/15", unparsed},
		{"2.3/16-30", metadataA},
		{"2.4/31-42", metadataB},
		{"2.5/43", hasContent},
		{"2.5/45", userInOrder},
		{"2.5/44,46", projectExists},
		{"2.5/47", checkCaveats},
		{"2.5/48", permitted},
		{"2.5/49", goodStanding},
		{"2.6/50", descriptionRenders},
		{"2.7/51", findRelease},
		{"2.8/52", printableName},
		{"2.8/53", noSlash},
		{"2.8/54-55", extension},
		{"2.8/56", contentType},
		{"2.11", nameTooLong},
		{"2.8/57", fileSize},
		{"2.8/58", projectSize},
		{"2.8/59", digests},
		{"2.8/60-61", duplicate},
		{"2.8/62", filenameReuse},
		{"2.8/63", closedRelease},
		{"2.8/64", secondSdist},
		{"2.8/65-80", archiveValid},
		{"2.8/81-83", sdistFilename},
		{"2.8/84", sdistLicenses},
		{"2.8/85-89", wheelFilename},
		{"2.8/90", wheelLicenses},
		{"2.8/91", recordPresent},
		{"2.8/92", entryPoints},
		{"2.8/93", metadataPresent},
		{"2.8/94", filenameLength},
		{"2.8/95", attestationSet},
	}
}

// uploadFile handles POST /legacy/.
func (ix *Index) uploadFile(w http.ResponseWriter, r *http.Request) {
	began := ix.snapshot()
	if !validQuery(r.URL.RawQuery) {
		answerRefusal(w, r, bad("Invalid bytes in query string."))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, drainLimit)
	done := func() {}
	defer func() { done() }()
	f, err := readForm(r, func(f *form, content io.Reader) (blob, error) {
		done = ix.enter(f)
		return ix.save(content)
	})
	refused := unreadable(err)
	if refused == nil {
		refused = ix.applyRules(r, f, began)
	}
	if f.content != nil {
		f.content.blob.discard() // before the answer, so that a client that has it finds no temporary file
	}
	if refused != nil {
		answerRefusal(w, r, refused)
		return
	}
	ix.answerSuccess(w, r)
}

// answerSuccess answers an upload that was accepted. PyPI's answer has a body in the format of a refusal's, with nothing to say (§1.2).
func (ix *Index) answerSuccess(w http.ResponseWriter, r *http.Request) {
	if !ix.capabilities.modern {
		w.WriteHeader(http.StatusOK)
		return
	}
	kind, body := refusalBody(&refusal{status: http.StatusOK}, r.Header.Values("Accept"))
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(body) // it fails if the client is gone: no action needed
}

// unreadable returns the refusal for a failure to read the body, or nil. A body that is not a form counts as an empty form, which later
// rules refuse with their own messages.
func unreadable(err error) *refusal {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, errNoForm) && !errors.As(err, &tooLarge):
		return nil
	case errors.Is(err, errTooLarge), errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "")
	default:
		return refuse(http.StatusInternalServerError, "")
	}
}

func validQuery(raw string) bool {
	query, err := url.QueryUnescape(raw)
	return err == nil && validText(query)
}

// applyRules runs the pipeline and stores the file, as one transaction.
func (ix *Index) applyRules(r *http.Request, f *form, began uint64) *refusal {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	u := &upload{ix: ix, r: r, began: began, behavior: ix.behavior, form: f, auth: credentialOf(r)}
	ix.presented(u.auth.token)
	ix.presented(u.auth.raw) // the base64 text contains the token
	for _, rule := range u.ix.capabilities.pipeline {
		if refused := rule.check(u); refused != nil {
			return refused
		}
		if u.done {
			return ix.saveChanges()
		}
	}
	if refused := u.commit(); refused != nil {
		return refused
	}
	return ix.saveChanges()
}

// commit writes the rows. If another request has written a unique row meanwhile, it refuses with 500, as PyPI's database does.
func (u *upload) commit() *refusal {
	broken := refuse(http.StatusInternalServerError, "")
	if row := u.newestRow(); row != nil && u.ix.overtaken(*row, u.began) {
		return broken
	}
	if u.behavior.Deadlocks && u.ix.deadlocked(u.form) {
		return broken
	}
	name := u.form.content.filename
	at := filePath(u.form.content.blob, name)
	if err := u.ix.keep(u.form.content.blob, at); err != nil {
		return broken
	}
	sum, err := u.ix.keepMetadata(u, at)
	if err != nil {
		return broken
	}
	u.ix.projects[u.project.key] = u.project
	if u.release == nil {
		u.release = u.newRelease()
		u.project.releases[u.version.Canonical()] = u.release
	}
	u.project.name = u.form.get("name")
	f := u.newFile(name, at)
	f.coreMetadataSHA = sum
	u.project.files = append(u.project.files, f)
	u.project.serial = u.ix.seq
	u.ix.used[name] = true
	u.ix.saved.dirty = true
	if u.token != nil {
		u.token.uses++
	}
	return nil
}

// newestRow returns the stamp of the project's or the release's row, whichever was written later, or nil if this file creates both.
func (u *upload) newestRow() *stamp {
	switch {
	case u.release != nil:
		return &u.release.stamp
	case !u.creates:
		return &u.project.stamp
	default:
		return nil
	}
}

// newRelease returns a release with the version and metadata of the form.
func (u *upload) newRelease() *release {
	return &release{
		stamp:          u.ix.stampNow(),
		version:        u.version.String(),
		requiresPython: u.form.get("requires_python"),
		metadata:       u.shownMetadata(),
	}
}

// newFile returns the row of the uploaded file, which is stored at the path at.
func (u *upload) newFile(name, at string) *file {
	b := u.form.content.blob
	python := u.form.get("pyversion")
	if python == "" {
		python = "source"
	}
	return &file{
		stamp: u.ix.stampNow(), name: name, project: u.project, release: u.release,
		kind: u.form.get("filetype"), python: python, size: b.size,
		sha256: b.sha256, md5: b.md5, blake2: b.blake2, path: at, uploader: u.r.UserAgent(),
		provenance: u.provenance,
	}
}
