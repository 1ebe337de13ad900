package hook_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestForgedCalls(t *testing.T) {
	change := func(name, value string) func(map[string]string) {
		return func(h map[string]string) { h[name] = value }
	}
	flipped := strings.Replace(zitadelSum, "7d", "8d", 1)
	for name, c := range map[string]struct {
		preset string
		change func(map[string]string)
		body   string
	}{
		"no token":                       {preset: "logto", change: change("Authorization", "")},
		"another token":                  {preset: "logto", change: change("Authorization", "Bearer a-token-of-some-lengtH")},
		"the beginning of the token":     {preset: "logto", change: change("Authorization", "Bearer a-token-of-some")},
		"the token and more":             {preset: "logto", change: change("Authorization", "Bearer "+token+"x")},
		"basic with another password":    {preset: "kratos", change: change("Authorization", "Basic YW55c21zOng=")},
		"basic that is no base64":        {preset: "kratos", change: change("Authorization", "Basic %%%")},
		"no signature":                   {preset: "zitadel", change: change("ZITADEL-Signature", "")},
		"no timestamp":                   {preset: "zitadel", change: change("ZITADEL-Signature", "v1="+zitadelSum)},
		"another signature":              {preset: "zitadel", change: change("ZITADEL-Signature", "t=1795262400,v1="+flipped)},
		"another time":                   {preset: "zitadel", change: change("ZITADEL-Signature", "t=1795262401,v1="+zitadelSum)},
		"another body":                   {preset: "zitadel", body: `{}`},
		"no webhook-id":                  {preset: "supabase", change: change("webhook-id", "")},
		"another webhook-id":             {preset: "supabase", change: change("webhook-id", "msg_2")},
		"a signature of another version": {preset: "supabase", change: change("webhook-signature", "v1a,"+supabaseSum)},
		"grafana without timestamp":      {preset: "grafana", change: change("X-Grafana-Alerting-Timestamp", "")},
		"grafana with another time":      {preset: "grafana", change: change("X-Grafana-Alerting-Timestamp", "1795262399")},
	} {
		t.Run(name, func(t *testing.T) {
			s := samples()[c.preset]
			s.config.Name, s.config.Preset = "login", c.preset
			l := newLab(t, s.config)
			header := make(map[string]string)
			maps.Copy(header, s.header)
			body := fixture(t, c.preset)
			if c.body != "" {
				body = []byte(c.body)
			}
			if c.change != nil {
				c.change(header)
			}
			got := l.call(call{name: "login", body: body, header: header})
			assert.Equal(t, http.StatusUnauthorized, got.status, got.body)
			assert.Empty(t, l.vendor.Messages())
			assert.Equal(t, int64(1), l.h.Counts()["login"].Forged)
		})
	}
}

// A recorded call is taken for five minutes, before and after.
func TestReplayedSignatures(t *testing.T) {
	for _, preset := range []string{"supabase", "zitadel", "grafana"} {
		s := samples()[preset]
		s.config.Name, s.config.Preset = "login", preset
		l := newLab(t, s.config)
		for _, late := range []time.Duration{-6 * time.Minute, -5 * time.Minute, 5 * time.Minute, 6 * time.Minute, 400 * 24 * time.Hour} {
			l.sleep(noon.Add(late).Sub(l.clock()))
			want := http.StatusOK
			if late.Abs() > 5*time.Minute {
				want = http.StatusUnauthorized
			}
			got := l.call(call{name: "login", body: fixture(t, preset), header: s.header})
			assert.Equal(t, want, got.status, "%s, %v", preset, late)
		}
	}
}
