package apifon_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// FuzzAnswer sends against arbitrary responses: a receipt has an id, an error has
// a code, and a 2xx is never taken for a proof that nothing was sent.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"sms_send", "error_400", "error_401"} {
		f.Add(uint16(200), answer(f, name))
		f.Add(uint16(403), answer(f, name))
	}
	f.Add(uint16(200), `{"request_id":"q","results":{"306900000001":[{"message_id":"m"}]},"result_info":{"status_code":"200"}}`)
	f.Add(uint16(500), "")
	server := apifontest.NewServer(apifontest.Options{})
	f.Cleanup(server.Close)
	p, err := apifon.New(apifon.Config{
		Token: apifontest.Token, Secret: apifontest.Secret, Sender: "Example", Config: httpcall.Config{BaseURL: server.URL},
	})
	require.NoError(f, err)
	f.Cleanup(func() { _ = p.Close() })
	f.Fuzz(func(t *testing.T, status uint16, body string) {
		server.Fail(200+int(status)%400, body)
		receipt, err := p.Send(t.Context(), hello())
		switch {
		case err == nil && receipt.ID == "":
			t.Fatal("a receipt without an id")
		case err != nil && provider.CodeOf(err) == "":
			t.Fatal("an error without a code")
		case err != nil && 200+int(status)%400 < 300 && provider.CodeOf(err) == provider.Unavailable:
			t.Fatal("a 2xx is not proof that nothing was sent")
		}
	})
}

func BenchmarkSend(b *testing.B) {
	server := apifontest.NewServer(apifontest.Options{})
	defer server.Close()
	p, err := apifon.New(apifon.Config{
		Token: apifontest.Token, Secret: apifontest.Secret, Sender: "Example", Config: httpcall.Config{BaseURL: server.URL},
	})
	require.NoError(b, err)
	defer p.Close()
	m := hello()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Send(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
}
