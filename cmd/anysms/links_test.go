package main

import (
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLinks holds that the links of every document in the repository lead to a file,
// and to a heading of it where they name one.
func TestLinks(t *testing.T) {
	atRoot(t)
	files, err := exec.CommandContext(t.Context(), "git", "ls-files", "*.md").Output()
	if err != nil {
		t.Skip("not a git checkout: ", err)
	}
	documents := strings.Fields(string(files))
	require.Contains(t, documents, readmePath)
	for _, document := range documents {
		for _, link := range linksOf(t, document) {
			target, err := url.Parse(link)
			if !assert.NoError(t, err, document) || target.Scheme != "" {
				continue
			}
			file := document
			if target.Path != "" {
				file = path.Join(path.Dir(document), target.Path)
			}
			_, err = os.Stat(file)
			if assert.NoError(t, err, "%s links to it", document) && target.Fragment != "" {
				assert.Contains(t, headingsOf(t, file), target.Fragment, "%s links to it in %s", document, file)
			}
		}
	}
}

// TestEveryPageIsListed holds that docs/README.md leads to every page below docs, and
// examples/README.md to every example.
func TestEveryPageIsListed(t *testing.T) {
	atRoot(t)
	for index, pattern := range map[string]string{"docs/README.md": "docs/*.md", "examples/README.md": "examples/*"} {
		pages, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, pages)
		links := linksOf(t, index)
		for _, page := range pages {
			name := filepath.Base(page)
			if info, err := os.Stat(page); err == nil && !info.IsDir() && filepath.Ext(name) != ".md" {
				continue
			}
			listed := slices.ContainsFunc(links, func(link string) bool { return link == name || strings.HasPrefix(link, name+"/") })
			assert.True(t, listed || name == path.Base(index), "%s does not link to %s", index, name)
		}
	}
}

var (
	fence    = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	codeSpan = regexp.MustCompile("`[^`\n]*`")
	mdLink   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func linksOf(t *testing.T, document string) (links []string) {
	t.Helper()
	for _, match := range mdLink.FindAllStringSubmatch(codeSpan.ReplaceAllString(prose(t, document), ""), -1) {
		links = append(links, match[1])
	}
	return links
}

// headingsOf are the anchors that a document's headings get when it is shown.
func headingsOf(t *testing.T, document string) (anchors []string) {
	t.Helper()
	for _, match := range heading.FindAllStringSubmatch(prose(t, document), -1) {
		text := noAnchor.ReplaceAllString(strings.ToLower(match[1]), "")
		anchors = append(anchors, strings.ReplaceAll(text, " ", "-"))
	}
	return anchors
}

// prose is a document without its blocks of code.
func prose(t *testing.T, document string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	return fence.ReplaceAllString(string(text), "")
}
