package page_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/websocket"
)

// chromium is a headless browser, driven by the Chrome DevTools Protocol.
type chromium struct {
	testing.TB
	conn *websocket.Conn

	mu      sync.Mutex
	next    int
	waiting map[int]chan reply
	tabs    map[string]*tab
}

type reply struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// startChromium starts the browser that ANYSMS_CHROMIUM names, as .ci/gateway-page.sh
// sets it; without it the test is skipped.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	program := os.Getenv("ANYSMS_CHROMIUM")
	if program == "" {
		t.Skip("ANYSMS_CHROMIUM is not set: .ci/run gateway-page sets it")
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
		"--remote-allow-origins=*", "--user-data-dir="+t.TempDir(), "about:blank")
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		time.Sleep(200 * time.Millisecond) // its children write to the profile for a moment
	})
	lines, address := bufio.NewScanner(stderr), ""
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), "DevTools listening on ")
	}
	require.NotEmpty(t, address, "Chromium has not started")
	go func() { // so that it never waits for us
		for lines.Scan() {
		}
	}()
	conn, err := websocket.Dial(address, "", "http://127.0.0.1")
	require.NoError(t, err)
	conn.MaxPayloadBytes = 64 << 20
	c := &chromium{TB: t, conn: conn, waiting: make(map[int]chan reply), tabs: make(map[string]*tab)}
	go c.read()
	return c
}

func (c *chromium) read() {
	for {
		var m struct {
			ID        int             `json:"id"`
			SessionID string          `json:"sessionId"`
			Method    string          `json:"method"`
			Params    json.RawMessage `json:"params"`
			reply
		}
		if websocket.JSON.Receive(c.conn, &m) != nil {
			return
		}
		c.mu.Lock()
		if wait := c.waiting[m.ID]; wait != nil {
			delete(c.waiting, m.ID)
			wait <- m.reply
		}
		if t := c.tabs[m.SessionID]; t != nil {
			switch m.Method {
			case "Log.entryAdded", "Runtime.exceptionThrown", "Page.javascriptDialogOpening":
				t.complaints = append(t.complaints, m.Method+" "+string(m.Params))
			case "Network.requestWillBeSent":
				var p struct{ Request struct{ URL string } }
				_ = json.Unmarshal(m.Params, &p)
				t.requests = append(t.requests, p.Request.URL)
			}
		}
		c.mu.Unlock()
	}
}

// call calls a method; into may be nil.
func (c *chromium) call(session, method string, params map[string]any, into any) {
	c.Helper()
	if e := c.try(session, method, params, into); e != "" {
		c.Fatalf("%s: %s", method, e)
	}
}

// try calls a method and returns what Chromium says against it.
func (c *chromium) try(session, method string, params map[string]any, into any) string {
	c.Helper()
	wait := make(chan reply, 1)
	c.mu.Lock()
	c.next++
	id := c.next
	c.waiting[id] = wait
	c.mu.Unlock()
	m := map[string]any{"id": id, "method": method, "params": params}
	if params == nil {
		m["params"] = map[string]any{}
	}
	if session != "" {
		m["sessionId"] = session
	}
	require.NoError(c, websocket.JSON.Send(c.conn, m))
	select {
	case r := <-wait:
		if r.Error != nil {
			return r.Error.Message
		}
		if into != nil {
			require.NoError(c, json.Unmarshal(r.Result, into))
		}
	case <-time.After(30 * time.Second):
		return "Chromium does not respond"
	}
	return ""
}

// tab is a window with cookies of its own.
type tab struct {
	*chromium
	session    string
	complaints []string // what the browser has to say: errors, violations of the policy, dialogs
	requests   []string
}

func (c *chromium) tab() *tab {
	c.Helper()
	var context struct{ BrowserContextID string }
	c.call("", "Target.createBrowserContext", nil, &context)
	var target struct{ TargetID string }
	c.call("", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": context.BrowserContextID}, &target)
	var attached struct{ SessionID string }
	c.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	t := &tab{chromium: c, session: attached.SessionID}
	c.mu.Lock()
	c.tabs[t.session] = t
	c.mu.Unlock()
	for _, domain := range []string{"Page", "Log", "Runtime", "Network"} {
		t.do(domain+".enable", nil)
	}
	return t
}

func (t *tab) do(method string, params map[string]any) {
	t.Helper()
	t.call(t.session, method, params, nil)
}

// eval evaluates an expression.
func (t *tab) eval(expression string) any {
	t.Helper()
	var got struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	t.call(t.session, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &got)
	if got.ExceptionDetails != nil {
		t.Fatalf("%s: %s", expression, got.ExceptionDetails.Text)
	}
	return got.Result.Value
}

// until waits until an expression is true.
func (t *tab) until(expression string) {
	t.Helper()
	for range 300 {
		if t.holds(expression) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("never true: %s; at %v: %v", expression, t.eval("location.href"), t.eval("document.body.innerText"))
}

// holds reports whether an expression is true. Between two pages none is.
func (t *tab) holds(expression string) bool {
	t.Helper()
	var got struct{ Result struct{ Value any } }
	params := map[string]any{"expression": "(() => { try { return " + expression + " } catch { return false } })()", "returnByValue": true}
	e := t.try(t.session, "Runtime.evaluate", params, &got)
	if e != "" && !strings.Contains(e, "navigated") && !strings.Contains(e, "Cannot find context") {
		t.Fatalf("%s: %s", expression, e)
	}
	return got.Result.Value == true
}

func (t *tab) open(url string) {
	t.Helper()
	t.do("Page.navigate", map[string]any{"url": url})
	t.until(`document.readyState === "complete" && location.href !== "about:blank"`)
}

func (t *tab) size(width, height int, dark bool) {
	t.Helper()
	t.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	t.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
}

// press presses a key.
func (t *tab) press(key string) {
	t.Helper()
	k := map[string]any{"key": key, "code": key, "windowsVirtualKeyCode": map[string]int{"Tab": 9, "Enter": 13}[key]}
	if key == "Enter" {
		k["text"] = "\r"
	}
	for _, kind := range []string{"keyDown", "keyUp"} {
		k["type"] = kind
		t.do("Input.dispatchKeyEvent", k)
	}
}

func (t *tab) write(text string) {
	t.Helper()
	t.do("Input.insertText", map[string]any{"text": text})
}

// tabTo presses Tab until the focus is on what a selector selects, and checks that each
// stop can be seen.
func (t *tab) tabTo(selector string) {
	t.Helper()
	for range 200 {
		t.press("Tab")
		if t.eval("document.activeElement === document.body") == true {
			continue // around the end
		}
		visible := `(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
			return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && r.width > 0 && r.bottom > 0 })()`
		require.Equal(t, true, t.eval(visible), "the focus cannot be seen on %v", t.eval("document.activeElement.outerHTML"))
		if t.eval("document.activeElement.matches("+quote(selector)+")") == true {
			return
		}
	}
	t.Fatalf("the keyboard does not reach %s", selector)
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// shoot writes a picture of the whole page into the directory KEEP, if it is set.
func (t *tab) shoot(name string) {
	t.Helper()
	var got struct{ Data string }
	t.call(t.session, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &got)
	picture, err := base64.StdEncoding.DecodeString(got.Data)
	require.NoError(t, err)
	require.Greater(t, len(picture), 3000, "the picture %s is empty", name)
	if dir := os.Getenv("KEEP"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600))
	}
}

// sound checks that the browser had nothing to complain about, and asked nobody else: its
// own icons are data URLs.
func (t *tab) sound(server string) {
	t.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	require.Empty(t, t.complaints)
	for _, url := range t.requests {
		require.True(t, strings.HasPrefix(url, server+"/") || strings.HasPrefix(url, "data:") || url == "about:blank", "a request to %s", url)
	}
}
