package internal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// released is the image of a release: host and repository, version, digest.
var released = regexp.MustCompile(`^docker://(ghcr\.io/[a-z0-9._/-]+):(v[0-9]+\.[0-9]+\.[0-9]+)@(sha256:[0-9a-f]{64})$`)

// image is what action.yml names as its image.
func image(t *testing.T, text string) string {
	t.Helper()
	for _, e := range section(t, text, "runs") {
		if e.name == "image" {
			return e.keys[""]
		}
	}
	t.Fatalf("%s names no image", metadata)
	return ""
}

// TestRelease holds the tag of a release, its action.yml and the digest of its image together. On a branch the image is the Dockerfile,
// and no tag of a release may name such a commit: it would build in the job of its user. On a release's commit the image has the tag's
// version, and is of this repository; the release workflow says which digest it has built and tested, as RELEASE_IMAGE.
func TestRelease(t *testing.T) {
	t.Parallel()
	named := image(t, read(t, metadata))
	tags := releaseTags(t)
	if coming := os.Getenv("RELEASE_TAG"); coming != "" {
		tags = append(tags, coming) // which the commit will have
	}
	if built := os.Getenv("RELEASE_IMAGE"); built != "" && named != "docker://"+built {
		t.Errorf("action.yml names %s; what was built and tested is %s", named, built)
	}
	if named == "Dockerfile" {
		if len(tags) > 0 {
			t.Errorf("the release %v has the image Dockerfile; a release names its image by digest", tags)
		}
		return
	}
	parts := released.FindStringSubmatch(named)
	if parts == nil {
		t.Fatalf("the image is %s; want docker://ghcr.io/OWNER/REPOSITORY:vX.Y.Z@sha256:DIGEST", named)
	}
	if want := "ghcr.io/" + strings.ToLower(repository(t)); parts[1] != want {
		t.Errorf("the image is of %s; this repository's is %s", parts[1], want)
	}
	if len(tags) > 0 && !slices.Contains(tags, parts[2]) {
		t.Errorf("the image is of %s; the commit is %v", parts[2], tags)
	}
}

// releaseTags are the releases that the commit at hand is; none where there is no git.
func releaseTags(t *testing.T) []string {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "git", "tag", "--points-at", "HEAD").Output()
	if err != nil {
		t.Logf("git does not list the tags: %v", err)
		return nil
	}
	return regexp.MustCompile(`(?m)^v[0-9]+\.[0-9]+\.[0-9]+$`).FindAllString(string(text), -1)
}

// repository is OWNER/REPOSITORY: where the workflow runs, or what the module is called.
func repository(t *testing.T) string {
	t.Helper()
	if here := os.Getenv("GITHUB_REPOSITORY"); here != "" {
		return here
	}
	_, rest, found := strings.Cut(read(t, "../go.mod"), "module github.com/")
	name, _, _ := strings.Cut(rest, "\n")
	if !found {
		t.Fatal("the module is not of github.com")
	}
	return name
}

// TestPinImage has the script of the release write into copies of action.yml.
func TestPinImage(t *testing.T) {
	t.Parallel()
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	main := "name: a\nruns:\n  using: docker\n  image: Dockerfile\n"
	cases := []struct {
		name, before, image string
		refused             string
	}{
		{name: "a release", before: main, image: "ghcr.io/o/r:v1.2.3" + digest},
		{name: "a registry on loopback", before: main, image: "127.0.0.1:5000/o/r:v1.2.3" + digest},
		{name: "no digest", before: main, image: "ghcr.io/o/r:v1.2.3", refused: "no image"},
		{name: "no version", before: main, image: "ghcr.io/o/r" + digest, refused: "no image"},
		{name: "upper case, which no registry takes", before: main, image: "ghcr.io/Org/r:v1.2.3" + digest, refused: "no image"},
		{name: "half a digest", before: main, image: "ghcr.io/o/r:v1.2.3@sha256:0123", refused: "no image"},
		{name: "another line smuggled in", before: main, image: "ghcr.io/o/r:v1.2.3" + digest + "\n  args: [x]", refused: "no image"},
		{
			name: "pinned before", before: strings.Replace(main, "Dockerfile", "docker://x", 1), image: "ghcr.io/o/r:v1.2.3" + digest,
			refused: "one line",
		},
		{name: "two such lines", before: main + "  image: Dockerfile\n", image: "ghcr.io/o/r:v1.2.3" + digest, refused: "one line"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "action.yml")
			if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
				t.Fatal(err)
			}
			output, err := exec.CommandContext(t.Context(), "../.ci/pin-image", c.image, path).CombinedOutput()
			want := strings.Replace(c.before, "Dockerfile", "docker://"+c.image, 1)
			if c.refused != "" {
				want = c.before
			}
			if (err != nil) != (c.refused != "") || !strings.Contains(string(output), c.refused) {
				t.Errorf("got %v: %s", err, output)
			}
			if got := read(t, path); got != want {
				t.Errorf("the file is\n%s", got)
			}
		})
	}
}
