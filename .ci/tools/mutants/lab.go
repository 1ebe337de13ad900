package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

type verdict int

const (
	missed verdict = iota
	caught
	invalid // does not compile
)

// lab builds the test binaries and runs them.
type lab struct {
	plan   *plan
	drawn  []*fault
	budget time.Duration // of the tests that try a fault, but for the first
	dir    string
	only   string // a pattern of the names of the tests
	tests  []*test
	reach  map[*fault][]*test

	mu      sync.Mutex       // of tests, reach and finders
	finders map[*fault]*test // what found the faults that were tried
}

// test is one test function of a binary, or one of the tests inside it.
type test struct {
	pkg    string // folder
	binary string
	name   string
	sub    string        // "" = all of the function
	took   time.Duration // without a fault
}

func (t *test) String() string { return path.Join(t.name, t.sub) }

func newLab(p *plan, drawn []*fault, budget time.Duration, only string) (*lab, error) {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	return &lab{plan: p, drawn: drawn, budget: budget, dir: dir, only: cmp.Or(only, "."), reach: make(map[*fault][]*test), finders: make(map[*fault]*test)}, nil
}

func (l *lab) close() { _ = os.RemoveAll(l.dir) }

// measure builds all faults behind the switch, and runs every test alone in its process,
// so many at the same time.
func (l *lab) measure(workers int) error {
	for {
		wrong, err := l.buildAll()
		if err != nil {
			return err
		}
		if len(wrong) == 0 {
			break
		}
		for _, f := range wrong {
			f.alone = true
		}
	}
	byID := make(map[int]*fault)
	for _, f := range l.drawn {
		byID[f.id] = f
	}
	var group errgroup.Group
	group.SetLimit(workers)
	for _, pkg := range l.plan.target.tests {
		binary := l.binary(pkg)
		out, err := l.command(context.Background(), pkg, binary, "-test.list="+l.only).Output()
		if err != nil {
			return fmt.Errorf("%s: list of tests: %w", pkg, err)
		}
		for name := range strings.Lines(string(out)) {
			name = strings.TrimSpace(name)
			if strings.HasPrefix(name, "Benchmark") {
				continue
			}
			group.Go(func() error { return l.recordAll(&test{pkg: pkg, binary: binary, name: name}, byID) })
		}
	}
	return group.Wait()
}

// buildAll builds the test binaries. It returns the faults in lines that do not compile.
func (l *lab) buildAll() ([]*fault, error) {
	keep := make(map[*fault]bool)
	for _, f := range l.drawn {
		keep[f] = true
	}
	replaced := make(map[string][]byte)
	for _, s := range l.plan.sources {
		replaced[s.path] = l.plan.plant(s, keep)
	}
	folder, err := filepath.Abs(l.plan.target.dir)
	if err != nil {
		return nil, err
	}
	replaced[filepath.Join(folder, "planted_faults.go")] = fmt.Appendf(nil, switchFile, l.plan.pkg, len(l.plan.faults)+1)
	for _, pkg := range l.plan.target.tests {
		out, err := l.build(pkg, l.binary(pkg), replaced)
		if err == nil {
			continue
		}
		var wrong []*fault
		for _, m := range regexp.MustCompile(`(?m)([^\s/:]+\.go):(\d+):`).FindAllStringSubmatch(out, -1) {
			for _, f := range l.drawn {
				if filepath.Base(f.file) == m[1] && strconv.Itoa(f.line) == m[2] && !f.alone {
					wrong = append(wrong, f)
				}
			}
		}
		if len(wrong) == 0 {
			return nil, fmt.Errorf("%s does not build: %s", pkg, out)
		}
		return wrong, nil
	}
	return nil, nil
}

func (l *lab) binary(pkg string) string {
	return filepath.Join(l.dir, strings.ReplaceAll(pkg, "/", "-")+".test")
}

// build builds one test binary with files replaced.
func (l *lab) build(pkg, binary string, replaced map[string][]byte) (diagnostics string, err error) {
	dir, err := os.MkdirTemp(l.dir, "overlay-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	overlay := make(map[string]string)
	for name, text := range replaced {
		overlay[name] = filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(overlay[name], text, 0o600); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-gcflags=-e", "-overlay="+list, "-o", binary, "./"+pkg).CombinedOutput()
	return string(out), err
}

// recordAll records a test function: each test in it by itself, if they take a while
// together.
func (l *lab) recordAll(t *test, byID map[int]*fault) error {
	const long = time.Second
	began := time.Now()
	out, reached, err := l.record(t)
	if err != nil || t.took == 0 {
		return err
	}
	var parts []*test
	if time.Since(began) > long {
		for _, m := range regexp.MustCompile(`(?m)^    --- PASS: [^/\s]+/(\S+) `).FindAllStringSubmatch(out, -1) {
			parts = append(parts, &test{pkg: t.pkg, binary: t.binary, name: t.name, sub: m[1]})
		}
	}
	if len(parts) < 2 || slices.ContainsFunc(parts, func(p *test) bool { return strings.Contains(p.sub, "/") }) {
		return l.keep(t, reached, byID)
	}
	for _, part := range parts {
		_, reached, err := l.record(part)
		if err != nil {
			return err
		}
		if part.took == 0 {
			continue
		}
		if err := l.keep(part, reached, byID); err != nil {
			return err
		}
	}
	return nil
}

// record runs one test without a fault, and returns which faults it reaches. A busy
// machine may fail it once or twice; one that always fails has a took of 0.
func (l *lab) record(t *test) (out, reached string, err error) {
	file := filepath.Join(l.dir, "reached-"+strings.ReplaceAll(t.String(), "/", "-")+"-"+strings.ReplaceAll(t.pkg, "/", "-"))
	for attempt := 1; ; attempt++ {
		if err := os.RemoveAll(file); err != nil {
			return "", "", err
		}
		out, err := l.run(t.binary, []*test{t}, 5*time.Minute, "PLANTED_RECORD="+file)
		if err == nil {
			t.took = elapsed(out)
			text, err := os.ReadFile(file)
			if errors.Is(err, os.ErrNotExist) {
				err = nil
			}
			return out, string(text), err
		}
		if attempt == 3 {
			fmt.Printf("  %s fails without a fault and is left out: %v\n%s\n", t, err, tail(out, 5))
			return "", "", nil
		}
	}
}

func (l *lab) keep(t *test, reached string, byID map[int]*fault) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tests = append(l.tests, t)
	for line := range strings.FieldsSeq(reached) {
		id, err := strconv.Atoi(line)
		if err != nil {
			return err
		}
		if f := byID[id]; f != nil {
			l.reach[f] = append(l.reach[f], t)
		}
	}
	return nil
}

// elapsed is the time that a test says it took, without the start of its process.
func elapsed(out string) time.Duration {
	const least = 5 * time.Millisecond // they say hundredths of a second
	longest := least                   // a skipped test takes no time, and a function none for its parallel tests
	for _, m := range regexp.MustCompile(`(?m)^ *--- PASS: \S+ \(([0-9.]+s)\)`).FindAllStringSubmatch(out, -1) {
		if d, err := time.ParseDuration(m[1]); err == nil {
			longest = max(longest, d)
		}
	}
	return longest
}

// try tries one fault.
func (l *lab) try(f *fault) (verdict, string) {
	tests := slices.Clone(l.reach[f])
	if f.alone {
		tests = nil
		for _, pkg := range l.plan.target.tests {
			binary := filepath.Join(l.dir, fmt.Sprintf("%d-%s.test", f.id, strings.ReplaceAll(pkg, "/", "-")))
			defer os.Remove(binary)
			if _, err := l.build(pkg, binary, map[string][]byte{f.source.path: l.plan.swap(f)}); err != nil {
				return invalid, "does not compile"
			}
			for _, t := range l.tests {
				if t.pkg == pkg {
					tests = append(tests, &test{pkg, binary, t.name, t.sub, t.took})
				}
			}
		}
	}
	if len(tests) == 0 {
		return missed, "no test reaches it"
	}
	var spent time.Duration
	for i, some := range append(l.neighbours(f, tests), batches(tests)...) {
		for _, t := range some {
			spent += t.took
		}
		if i > 0 && spent > l.budget {
			return missed, fmt.Sprintf("by tests that take %s; %d reach it", l.budget, len(tests))
		}
		if why := l.fails(f, some); why != "" {
			l.remember(f, some, why)
			return caught, why
		}
	}
	return missed, fmt.Sprintf("%d tests reach it", len(tests))
}

// neighbours are the tests that found the nearest faults of a file, each by itself: what
// finds one fault of a function often finds the next.
func (l *lab) neighbours(f *fault, tests []*test) [][]*test {
	const most = 3
	l.mu.Lock()
	defer l.mu.Unlock()
	var near []*fault
	for other := range l.finders {
		if other.file == f.file {
			near = append(near, other)
		}
	}
	away := func(other *fault) int { return max(other.offset-f.offset, f.offset-other.offset) }
	slices.SortFunc(near, func(a, b *fault) int { return cmp.Or(cmp.Compare(away(a), away(b)), cmp.Compare(a.id, b.id)) })
	var first [][]*test
	for _, other := range near {
		found := l.finders[other]
		known := func(some []*test) bool { return some[0] == found }
		if len(first) < most && slices.Contains(tests, found) && !slices.ContainsFunc(first, known) {
			first = append(first, []*test{found})
		}
	}
	return first
}

// remember notes which of some tests has found a fault.
func (l *lab) remember(f *fault, some []*test, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range some {
		if len(some) == 1 || strings.Contains(why+"/", " "+t.String()+"/") {
			l.finders[f] = t
			return
		}
	}
}

// batches are the tests of one binary each, quick ones first, in runs of about a second.
func batches(tests []*test) [][]*test {
	slices.SortStableFunc(tests, func(a, b *test) int { return cmp.Compare(a.took, b.took) })
	var runs [][]*test
	var sum time.Duration
	for i, t := range tests {
		if i == 0 || !together(tests[i-1], t) || sum+t.took > time.Second {
			runs, sum = append(runs, nil), 0
		}
		sum += t.took
		runs[len(runs)-1] = append(runs[len(runs)-1], t)
	}
	return runs
}

// together reports whether one pattern selects two tests and no others.
func together(a, b *test) bool {
	return a.binary == b.binary && (a.sub == "") == (b.sub == "") && (a.sub == "" || a.name == b.name)
}

// fails runs tests with a fault and says what failed. Tests that do not end have found
// the fault if they end in a fifth of that time without it: the machine may be busy.
func (l *lab) fails(f *fault, tests []*test) string {
	limit := 20 * time.Second
	for _, t := range tests {
		limit += 5 * t.took
	}
	for {
		var env []string
		if !f.alone {
			env = append(env, "PLANTED_FAULT="+strconv.Itoa(f.id))
		}
		out, err := l.run(tests[0].binary, tests, limit, env...)
		if err == nil {
			return ""
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			if failed := regexp.MustCompile(`(?m)^ *--- FAIL: \S+`).FindAllString(out, -1); len(failed) > 0 {
				return strings.TrimSpace(failed[len(failed)-1])
			}
			return "the tests ended: " + err.Error()
		}
		if f.alone {
			return "no end"
		}
		start := time.Now()
		if _, err := l.run(tests[0].binary, tests, limit, "PLANTED_FAULT=0"); err == nil && 5*time.Since(start) < limit {
			return "no end"
		}
		limit *= 2
	}
}

// run runs tests of a binary, within a limit of time and memory.
func (l *lab) run(binary string, tests []*test, limit time.Duration, env ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	scratch, err := os.MkdirTemp(l.dir, "tmp-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	run := l.command(ctx, tests[0].pkg, binary, "-test.v", "-test.failfast", "-test.run="+pattern(tests))
	run.Env = append(run.Env, "TMPDIR="+scratch)
	run.Env = append(run.Env, env...)
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	err = run.Run()
	if ctx.Err() != nil {
		return out.String(), ctx.Err()
	}
	return out.String(), err
}

// pattern selects tests that go together.
func pattern(tests []*test) string {
	var names []string
	for _, t := range tests {
		names = append(names, regexp.QuoteMeta(path.Base(t.String())))
	}
	list := "^(" + strings.Join(names, "|") + ")$"
	if tests[0].sub == "" {
		return list
	}
	return "^" + tests[0].name + "$/" + list
}

// command runs a binary in a package's folder, in a process group that ends with it.
func (l *lab) command(ctx context.Context, pkg, binary string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "bash", append([]string{"-c", `ulimit -v 16000000; exec "$@"`, "bash", binary}, args...)...)
	c.Dir = pkg
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ANYSMS_") })
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	return c
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
