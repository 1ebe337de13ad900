package smpp_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp/smpptest"
)

// kannel is Kannel's ESME, bound to the fake SMSC: bearerbox speaks SMPP, smsbox
// takes messages by HTTP and calls what gets the reports and the replies.
type kannel struct {
	sendURL string
	reports chan url.Values
	replies chan url.Values
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func startKannel(t *testing.T, server *smpptest.Server) *kannel {
	t.Helper()
	dir := os.Getenv("ANYSMS_KANNEL")
	if dir == "" {
		t.Skip("ANYSMS_KANNEL is not set; .ci/run smpp sets it")
	}
	k := &kannel{reports: make(chan url.Values, 10), replies: make(chan url.Values, 10)}
	hooks := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/report" {
			k.reports <- r.URL.Query()
			return
		}
		k.replies <- r.URL.Query()
	}))
	t.Cleanup(hooks.Close)
	_, smscPort, err := net.SplitHostPort(server.Address())
	require.NoError(t, err)
	admin, box, send := freePort(t), freePort(t), freePort(t)
	k.sendURL = fmt.Sprintf("http://127.0.0.1:%d/cgi-bin/sendsms?username=u&password=p&dlr-mask=31&dlr-url=%s", send,
		url.QueryEscape(hooks.URL+"/report?type=%d&words=%A"))
	config := filepath.Join(t.TempDir(), "kannel.conf")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
group = core
admin-port = %d
admin-password = admin
smsbox-port = %d
box-allow-ip = 127.0.0.1

group = smsc
smsc = smpp
smsc-id = fake
host = 127.0.0.1
port = %s
transceiver-mode = true
smsc-username = esme
smsc-password = secret
system-type = ""
max-pending-submits = 10
source-addr-autodetect = true

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = %d
sendsms-port = %d
mo-recode = true

group = sendsms-user
username = u
password = p
max-messages = 5
concatenation = true

group = sms-service
keyword = default
catch-all = true
get-url = "%s/reply?from=%%p&to=%%P&text=%%b&coding=%%c"
max-messages = 0
`, admin, box, smscPort, box, send, hooks.URL), 0o600))
	k.run(t, filepath.Join(dir, "bearerbox"), config)
	waitFor(t, fmt.Sprintf("127.0.0.1:%d", box))
	k.run(t, filepath.Join(dir, "smsbox"), config)
	waitFor(t, fmt.Sprintf("127.0.0.1:%d", send))
	require.Eventually(t, func() bool { _, _, trx := server.Bound(); return trx == 1 }, time.Minute, 10*time.Millisecond)
	return k
}

func (k *kannel) run(t *testing.T, program, config string) {
	t.Helper()
	cmd := exec.Command(program, "-v", "3", config)
	output := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = output, output
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(output.String())
		}
	})
}

func waitFor(t *testing.T, address string) {
	t.Helper()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond)
}

func (k *kannel) send(t *testing.T, parameters string) {
	t.Helper()
	r, err := http.Get(k.sendURL + "&" + parameters)
	require.NoError(t, err)
	defer r.Body.Close()
	require.Equal(t, http.StatusAccepted, r.StatusCode)
}

func received(t *testing.T, from chan url.Values) url.Values {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(time.Minute):
		require.Fail(t, "Kannel made no request")
		return nil
	}
}

// TestPeerKannel proves the fake SMSC with a client that other people wrote.
func TestPeerKannel(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{})
	defer server.Close()
	k := startKannel(t, server)
	arrived := func(n int) []smpptest.Message {
		t.Helper()
		require.Eventually(t, func() bool { return len(server.Messages()) >= n }, time.Minute, 10*time.Millisecond)
		return server.Messages()
	}

	k.send(t, "from=Example&to=306900000001&text="+url.QueryEscape("Price: 5 £ @"))
	m := arrived(1)[0]
	assert.Equal(t, "Price: 5 £ @", m.Text)
	assert.Equal(t, "Example", m.From)
	assert.EqualValues(t, 5, m.SourceTON)
	assert.Equal(t, "306900000001", m.To)
	assert.EqualValues(t, 1, m.RegisteredDelivery&1)
	report := received(t, k.reports)
	assert.Equal(t, "8", report.Get("type"), "accepted by the SMSC")

	require.NoError(t, server.Report(m.ID, smpptest.StateDelivered), "Kannel acknowledges the report")
	report = received(t, k.reports)
	assert.Equal(t, "1", report.Get("type"), "delivered")
	assert.Contains(t, report.Get("words"), "stat:DELIVRD")

	k.send(t, "from=12345&to=306900000001&coding=2&charset=UTF-8&text="+url.QueryEscape("Καλημέρα 🙂"))
	m = arrived(2)[1]
	assert.Equal(t, "Καλημέρα 🙂", m.Text)
	assert.EqualValues(t, 8, m.DataCoding)

	long := strings.Repeat("0123456789", 40)
	k.send(t, "from=12345&to=306900000001&text="+long)
	whole := ""
	for i, m := range arrived(5)[2:] {
		assert.Equal(t, []int{i + 1, 3}, []int{m.Segment, m.Segments})
		whole += m.Text
	}
	assert.Equal(t, long, whole)

	require.NoError(t, server.Deliver(smpptest.Delivery{From: "306900000002", FromTON: 1, To: "12345", Octets: []byte("Yes")}))
	reply := received(t, k.replies)
	assert.Equal(t, "Yes", reply.Get("text"))
	assert.Equal(t, "+306900000002", reply.Get("from"))

	binds := server.Binds()
	server.Unbind()
	require.Eventually(t, func() bool { return server.Binds() > binds }, time.Minute, 20*time.Millisecond, "Kannel connects again")
}
