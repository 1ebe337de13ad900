package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
)

// manyRows is a file of n messages.
func manyRows(t *testing.T, n int) string {
	t.Helper()
	var content strings.Builder
	content.WriteString("to,text\n")
	for i := range n {
		fmt.Fprintf(&content, "+30697%07d,Hello %d\n", i, i)
	}
	return write(t, "many.csv", content.String())
}

// closing accepts some writes and then fails, like a closed pipe.
type closing struct {
	strings.Builder
	left int
}

func (c *closing) Write(p []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, errors.New("broken pipe")
	}
	return c.Builder.Write(p)
}

// A closed pipe stops the sending, and no result is lost.
func TestSendFileWithClosedOutput(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	conf := bulkConfig(t, vendor.URL)
	out, errOut := &closing{left: 3}, &strings.Builder{}
	code := run(t.Context(), []string{"send", "--config", conf, "--file", manyRows(t, 2000)}, strings.NewReader(""), out, errOut)
	assert.Equal(t, cli.ExitUnknown, code)
	assert.Contains(t, errOut.String(), "broken pipe; later rows were not sent")
	sent := len(vendor.Messages())
	assert.Less(t, sent, 1000)
	assert.Equal(t, sent, strings.Count(out.String()+errOut.String(), ": accepted by usa, id "), "each result is printed somewhere")
}

func TestSendWithClosedOutput(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	for _, format := range []string{"text", "json"} {
		var errOut strings.Builder
		code := run(t.Context(), []string{"send", "--config", bulkConfig(t, vendor.URL), "--to", number, "--text", "Hello", "--format", format},
			strings.NewReader(""), &closing{}, &errOut)
		assert.Equal(t, cli.ExitUnknown, code)
		assert.Contains(t, errOut.String(), "broken pipe; the result was: accepted by usa, id ")
	}
}

// After Ctrl-C, here during the first request, messages in flight are finished.
func TestSendFileFinishesMessagesInFlight(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	target, err := url.Parse(vendor.URL)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	ctx, interrupt := context.WithCancel(t.Context())
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		interrupt()
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	var out, errOut strings.Builder
	code := run(ctx, []string{"send", "--config", bulkConfig(t, front.URL), "--file", manyRows(t, 500)}, strings.NewReader(""), &out, &errOut)
	assert.Equal(t, cli.ExitRefused, code)
	assert.Contains(t, errOut.String(), "waiting at most 15s for messages in flight")
	assert.Contains(t, errOut.String(), "later rows were not sent")
	assert.Less(t, len(vendor.Messages()), 500)
	assert.Equal(t, len(vendor.Messages()), strings.Count(out.String(), ": accepted by usa, id "), "all of them have their result")
	assert.NotContains(t, out.String(), "unknown")
}

// Texts must not be sent in a guessed character set.
func TestSendFileDoesNotGuess(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	conf := bulkConfig(t, vendor.URL)
	file := write(t, "f.csv", "to,text\n+306971234567,\xca\xe1\xeb\xe7\xec\xdd\xf1\xe1\n") // Καλημέρα in windows-1253
	got := anysms(t, "send", "--config", conf, "--file", file)
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "f.csv is not UTF-8 but probably windows-1253")
	assert.Zero(t, vendor.Requests())

	got = anysms(t, "send", "--config", conf, "--file", file, "--charset", "windows-1253")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stderr, "is windows-1253")
	assert.Equal(t, "Καλημέρα", vendor.Messages()[0].Text)
}
