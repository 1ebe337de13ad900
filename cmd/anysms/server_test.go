package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router/config"
)

// servedKey is the key of a client of the gateway in tests.
func servedKey(name string) string { return name + "-" + strings.Repeat("k", 32) }

// serveLedger starts a gateway over the database sms.db of a directory, and returns its
// URL and the configuration.
func serveLedger(t *testing.T, dir string, driver ...string) (address, path string) {
	t.Helper()
	path = ledgerConfig(t, dir, "gateway.yaml", strings.Join(driver, ""))
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	fmt.Fprintf(file, "serve: {keys: [{name: ops, key: %q, scopes: [admin, all]}, {name: shop, key: %q, scopes: [read]}]}\n", servedKey("ops"), servedKey("shop"))
	require.NoError(t, file.Close())

	load := func(ctx context.Context) (*config.Config, *settings.Serve, error) {
		flag := cli.ConfigFlag{Path: path}
		conf, err := flag.Load(ctx)
		return conf, &flag.Serve, err
	}
	g, err := gateway.Open(t.Context(), gateway.Options{Load: load, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Version: "test"})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
		assert.NoError(t, g.Close(context.Background()))
	})
	return "http://" + listener.Addr().String(), path
}

// someMessages fills the ledger of a directory: 520 messages, and some that were
// unknown, reported on, refused, or one-time codes. It returns the id of one that was
// delivered.
func someMessages(t *testing.T, dir string) (delivered string) {
	t.Helper()
	good := ledgerConfig(t, dir, "good.yaml", "")
	lossy := ledgerConfig(t, dir, "lossy.yaml", ", code: indeterminate")
	rows := "to,text,ref\n"
	for i := range 520 {
		rows += fmt.Sprintf("+3069%08d,Hello,row-%d\n", i, i)
	}
	got := anysms(t, "send", "--config", good, "--file", write(t, "rows.csv", rows))
	require.Equal(t, 0, got.code, got.stderr)
	send := func(config, ref string, more ...string) outcome {
		return anysms(t, append([]string{"send", "--config", config, "--to", "+306941234567", "--text", "Γεια <&> σου", "--ref", ref}, more...)...)
	}
	require.Equal(t, 0, send(good, "one", "--tag", "orders", "--class", "marketing").code)
	require.Equal(t, 0, send(good, "code", "--class", "otp").code)
	require.Equal(t, 3, send(lossy, "two").code)
	require.Equal(t, 0, anysms(t, "resolve", "--config", good, "--ref", "two", "--as", "not_sent").code)
	require.Equal(t, 0, send(good, "two").code)
	require.Equal(t, 3, send(lossy, "three").code)
	csv := strings.Split(anysms(t, "messages", "list", "--ref", "one", "--format", "csv", "--config", good).stdout, "\n")[1]
	fields := strings.Split(csv, ",")
	callbacks := write(t, "callbacks.jsonl", `{"provider":"fake","body":"[{\"kind\":\"report\",\"id\":\"`+fields[11]+`\",\"ref\":\"one\",\"status\":\"delivered\",\"at\":\"2026-01-02T03:04:05.678Z\"}]"}`+"\n")
	replay := anysms(t, "webhook", "replay", callbacks, "--config", good)
	require.Equal(t, 0, replay.code, replay.stderr)
	return fields[0]
}

// TestServer compares what the commands print over a gateway with what they print of the
// same ledger.
func TestServer(t *testing.T) {
	dir := t.TempDir()
	id := someMessages(t, dir)
	server, config := serveLedger(t, dir)
	ops := []string{"--server", server, "--key-file", write(t, "ops.key", servedKey("ops")+"\n")}
	for _, line := range []string{
		"messages list",
		"messages list --limit 0 --format csv",
		"messages list --limit 501 --format json",
		"messages list --status delivered --class marketing --tag orders --format json",
		"messages list --to +306941234567 --provider fake --since 2026-01-01",
		"messages list --until 2026-01-01",
		"messages list --ref row-17",
		"messages show " + id,
		"messages show " + id + " --format json",
		"messages show two",
		"messages show two --format json",
		"messages show code --format json",
		"messages show three",
		"messages show ../nobody",
		"messages show msg_nobody",
		"messages show 50%/of?them#all",
		"messages export",
		"messages export --status unknown --format csv",
		"messages list --limit -1",
		"messages list --to 12",
		"optout list",
		"optout export",
	} {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			want := anysms(t, append(args, "--config", config)...)
			got := anysms(t, append(args, ops...)...)
			assert.Equal(t, want.code, got.code, got.stderr)
			assert.Equal(t, want.stderr, got.stderr)
			if strings.HasPrefix(line, "messages list") { // the gateway's lists have no texts
				want.stdout = regexp.MustCompile(`"text":"[^"]*",`).ReplaceAllString(want.stdout, "")
			}
			wanted, lines := strings.Split(want.stdout, "\n"), strings.Split(got.stdout, "\n")
			require.Equal(t, len(wanted), len(lines), "lines")
			for i := range lines {
				require.Equal(t, wanted[i], lines[i], "line %d", i+1)
			}
		})
	}
	all := anysms(t, append([]string{"messages", "export"}, ops...)...).stdout
	assert.Equal(t, 524, strings.Count(all, "\n"))
	assert.Equal(t, 2, strings.Count(all, `"status":"delivered"`), "a message and its event")
	assert.Contains(t, all, `"text":"Hello"`)

	t.Setenv("ANYSMS_KEY", servedKey("shop"))
	shop := anysms(t, "messages", "list", "--server", server)
	assert.Equal(t, outcome{stderr: "no messages\n"}, shop, "they belong to no key of its")
	assert.Equal(t, 2, anysms(t, "messages", "show", id, "--server", server).code)
}

// TestServerOptOuts changes the list over a gateway, and looks at it in the database.
// What clients of the gateway sent is in the lists of the database, and can be settled.
func TestMessagesOfClients(t *testing.T) {
	address, path := serveLedger(t, t.TempDir(), ", code: indeterminate")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/v1/messages?wait=10s",
		strings.NewReader(`{"to": "+306971234567", "text": "Hello", "ref": "order-1"}`))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+servedKey("ops"))
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)

	for _, command := range [][]string{{"messages", "list"}, {"messages", "list", "--ref", "order-1"}, {"messages", "show", "order-1"}, {"messages", "export"}} {
		got := anysms(t, append(command, "--config", path)...)
		assert.Equal(t, cli.ExitDone, got.code, got.stderr)
		assert.Contains(t, got.stdout, "order-1", command)
		assert.Contains(t, got.stdout, "unknown", command)
	}
	got := anysms(t, "resolve", "--config", path)
	assert.Equal(t, cli.ExitUnknown, got.code, got.stderr)
	assert.Contains(t, got.stdout, "order-1")
	got = anysms(t, "resolve", "--config", path, "--ref", "order-1", "--as", "accepted")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, anysms(t, "messages", "show", "order-1", "--config", path).stdout, "accepted")
}

func TestServerOptOuts(t *testing.T) {
	dir := t.TempDir()
	server, config := serveLedger(t, dir)
	t.Setenv("ANYSMS_KEY", servedKey("ops"))
	over := func(line string) outcome {
		return anysms(t, append(strings.Fields("optout "+line), "--server", server)...)
	}
	local := func(line string) outcome {
		return anysms(t, append(strings.Fields("optout "+line), "--config", config)...)
	}

	assert.Equal(t, outcome{stderr: "added 2, known already 0\n"}, over("add +306900000001 +306900000002"))
	assert.Equal(t, outcome{stderr: "added 0, known already 1\n"}, over("add +306900000001"))
	assert.Equal(t, outcome{stderr: "added 1, known already 0\n"}, over("add +306900000001 --scope sender --value Shop"))
	assert.Equal(t, local("list").stdout, over("list").stdout)
	assert.Contains(t, local("list --number +306900000001").stdout, "Shop")
	assert.Equal(t, local("list --number +306900000001 --format json"), over("list --number +306900000001 --format json"))
	assert.Equal(t, outcome{}, over("remove +306900000001"))
	assert.Equal(t, outcome{stderr: "+306900000001 has not opted out\n", code: 1}, over("remove +306900000001 +306900000002"))
	assert.Empty(t, strings.Join(strings.Split(local("list").stdout, "\n")[1:], ""))

	rows := "number,scope,value,at\n12,,,\n"
	for i := range 1100 {
		rows += fmt.Sprintf("+3069%08d,class,marketing,2026-01-02T03:04:05Z\n", i)
	}
	file := write(t, "optouts.csv", rows)
	got := over("import " + file)
	assert.Equal(t, 1, got.code)
	assert.Contains(t, got.stderr, "optouts.csv:2: number:")
	assert.Contains(t, got.stderr, "added 1100, known already 0, left out 1")
	assert.Equal(t, local("export"), over("export"))
	assert.Equal(t, 1100, strings.Count(local("export").stdout, ",class,marketing,import,2026-01-02T03:04:05Z\n"))
	again := local("import " + file)
	assert.Contains(t, again.stderr, "added 0, known already 1100, left out 1")
}

// TestServerOverTLS verifies the certificate of a gateway.
func TestServerOverTLS(t *testing.T) {
	address, _ := serveLedger(t, t.TempDir())
	to, err := url.Parse(address)
	require.NoError(t, err)
	front := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(to))
	front.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelError)
	front.StartTLS()
	defer front.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections() // of the proxy
	t.Setenv("ANYSMS_KEY", servedKey("ops"))

	got := anysms(t, "messages", "list", "--server", front.URL)
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.stderr, "certificate")
	assert.Contains(t, got.stderr, "--ca-file")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	got = anysms(t, "messages", "list", "--server", front.URL, "--ca-file", write(t, "ca.pem", string(authority)))
	assert.Equal(t, outcome{stderr: "no messages\n"}, got)
}

// TestServerFails tests what a user gets wrong, and servers that are no gateway.
func TestServerFails(t *testing.T) {
	server, config := serveLedger(t, t.TempDir())
	other := func(status int, kind, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "https://login.example.com"+r.URL.String())
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	key := write(t, "a.key", servedKey("shop"))
	list := "messages list --to +306941234567 --server "
	for name, test := range map[string]struct{ line, want string }{
		"no key":        {list + server, "it wants a key; give --key-file, or set ANYSMS_KEY"},
		"wrong key":     {list + server + " --key secret-of-nobody", "it does not know the key"},
		"scope":         {"optout list --server " + server + " --key-file " + key, "the key has no scope optouts; its scopes are those in serve.keys"},
		"scope to add":  {"optout add +306941234567 --server " + server + " --key-file " + key, "the key has no scope optouts"},
		"no server":     {list + "http://" + closed.Addr().String(), `does "anysms serve" run there`},
		"no TLS":        {list + strings.Replace(server, "http:", "https:", 1), "does the server speak http?"},
		"a page":        {list + other(200, "text/html", "<html>"), "is not a gateway of anysms"},
		"other JSON":    {list + other(200, "application/json", "{}"), "its list has no items"},
		"endless":       {list + other(200, "application/json", `{"items":[],"next":"x"}`), "its pages do not go on"},
		"redirect":      {list + other(302, "text/html", ""), "it responded with 302 Found to https://login.example.com\n"},
		"bad gateway":   {list + other(502, "text/html", "+306941234567"), "it responded with 502 Bad Gateway"},
		"its words":     {list + other(400, "application/problem+json", `{"status":400,"code":"bad_request","detail":"+306941234567 is odd"}`), "is odd"},
		"plain http":    {list + "http://sms.example.com", "--server: plain http to sms.example.com would expose credentials and texts; want https (http is allowed only to loopback, and with --allow-private-http to private"},
		"public http":   {list + "http://192.0.2.1 --allow-private-http", "--allow-private-http allows it only to private"},
		"password":      {list + "https://me:secret-of-nobody@sms.example.com", "--server: must not contain a user or password"},
		"no URL":        {list + "sms.example.com", "--server: is not a URL"},
		"empty URL":     {"messages list --server=", "--server: must not be empty"},
		"empty key":     {list + server + " --key=", "--key: the key must not be empty"},
		"two lines":     {list + server + " --key-file " + config, "not a key; want one line"},
		"no key file":   {list + server + " --key-file nowhere.key", "--key-file: open nowhere.key"},
		"no CA file":    {list + server + " --ca-file nowhere.pem", "--ca-file: "},
		"two keys":      {list + server + " --key x --key-file " + key, "want only one of --key, --key-file"},
		"two sources":   {list + server + " --config " + config, "want only one of --server, --config"},
		"key alone":     {"messages list --key x", "--key needs --server"},
		"erase":         {"messages erase --old --server " + server, `--server: a gateway does not offer "anysms messages erase"`},
		"stats":         {"messages stats --server " + server, "does not offer"},
		"poll with key": {"messages poll --key-file " + key, "--key-file: a gateway does not offer"},
	} {
		t.Run(name, func(t *testing.T) {
			got := anysms(t, strings.Fields(test.line)...)
			assert.Equal(t, 2, got.code)
			assert.Contains(t, got.stderr, test.want)
			assert.Empty(t, got.stdout)
			for _, private := range []string{"6941234567", servedKey("shop"), "secret-of-nobody"} {
				assert.NotContains(t, got.stderr, private)
			}
		})
	}
}

// TestServerInterrupted cancels a command, as Ctrl-C does, while the server thinks.
func TestServerInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer s.Close()
	var out, errOut bytes.Buffer
	assert.Equal(t, 1, run(ctx, []string{"messages", "export", "--server", s.URL}, strings.NewReader(""), &out, &errOut))
	assert.Equal(t, "anysms: context canceled\n", errOut.String())
	assert.Empty(t, out.String())
}
