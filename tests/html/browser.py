# SPDX-License-Identifier: MIT
"""A headless Chromium, driven by its DevTools protocol over pipes: no port, no package besides the browser.

One call at a time; what the browser tells meanwhile is kept in Browser.events.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

KEYS = {"ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39, "Enter": 13, "Escape": 27, "Tab": 9, "End": 35, "Home": 36, "PageDown": 34}


class Browser:
    def __init__(self, program, seconds=60):
        self.seconds, self.number, self.session, self.rest, self.events = seconds, 0, None, b"", []
        self.profile = tempfile.mkdtemp(prefix="malloc-debug-page-")
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, back_write)]  # the browser has them as 3 and 4
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking",
             "--user-data-dir=" + self.profile, "--window-size=1300,850", "--remote-debugging-pipe"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, pass_fds=(3, 4),
            preexec_fn=lambda: [os.dup2(end, place) for end, place in zip(ends, (3, 4))])
        for end in (to_read, back_write, *ends):
            os.close(end)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)  # its group has only its own processes: it began a session
        self.process.wait()
        for _ in range(20):  # those may still write into it for a moment
            shutil.rmtree(self.profile, ignore_errors=True)
            if not os.path.exists(self.profile):
                break
            time.sleep(0.1)

    def message(self):
        end = time.monotonic() + self.seconds
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no answer for {self.seconds} s")
            more = os.read(self.back, 1 << 20)
            if not more:
                raise EOFError("the browser ended")
            self.rest += more
        first, self.rest = self.rest.split(b"\0", 1)
        return json.loads(first)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters} | ({"sessionId": self.session} if self.session else {})
        left = json.dumps(request).encode() + b"\0"
        while left:
            left = left[os.write(self.to, left):]
        while True:
            message = self.message()
            if message.get("id") != self.number:
                self.events.append(message)
            elif "error" in message:
                raise RuntimeError(method + ": " + message["error"]["message"])
            else:
                return message["result"]

    def get(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(expression + ": " + details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def open(self, path):
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        end = time.monotonic() + self.seconds
        while not self.get("document.readyState === 'complete' && typeof current !== 'undefined' && current !== null"):
            if time.monotonic() > end:
                raise TimeoutError("the page does not start")
            time.sleep(0.05)

    def press(self, key, times=1):
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        code = KEYS.get(key) or ord(key)
        for _ in range(times):
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", key=key, windowsVirtualKeyCode=code, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def click(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="none" if kind == "mouseMoved" else "left", clickCount=1)

    def click_on(self, selector):
        box = self.get(f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]; }})()")
        self.click(*box)

    def choose(self, label, value):
        """In the select element behind a label."""
        self.get(f"(() => {{ const select = [...document.querySelectorAll('label')].find(l => l.textContent.startsWith({json.dumps(label)})).querySelector('select');"
                 f"select.value = {json.dumps(value)}; select.dispatchEvent(new Event('change')); }})()")

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
