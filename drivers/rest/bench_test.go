package rest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// BenchmarkSend compares a send by a recipe with the same request made by hand,
// both over the same client of package httpcall.
func BenchmarkSend(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, `{"id":"msg-000001"}`)
	}))
	defer s.Close()
	m := &provider.Message{To: to, Text: strings.Repeat("Hello! ", 20)}
	b.Run("recipe", func(b *testing.B) {
		r, err := rest.Parse("acme.yaml", []byte(small))
		require.NoError(b, err)
		p, err := resttest.Open(r, s.URL)
		require.NoError(b, err)
		defer p.Close()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Send(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by hand", func(b *testing.B) {
		c, err := httpcall.New(httpcall.Config{BaseURL: s.URL})
		require.NoError(b, err)
		defer c.Close()
		b.ReportAllocs()
		for b.Loop() {
			r, err := httpcall.JSON(http.MethodPost, "/messages", map[string]string{"to": m.To.String(), "text": m.Text})
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer k3yk3yk3y")
			resp, err := c.Do(b.Context(), r)
			if err != nil {
				b.Fatal(err)
			}
			var answer struct{ ID string }
			if err := json.Unmarshal(resp.Body, &answer); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := rest.Load("transmitsms"); err != nil {
			b.Fatal(err)
		}
	}
}
