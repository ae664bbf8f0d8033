"""The explorer's script, run by Node or, where there is none, by Chromium."""

import base64
import json
import shutil
import subprocess

import matplotlib.pyplot as plt
import pytest

from camlib.explore.page import SCRIPT

MODULE = "data:text/javascript;base64," + base64.b64encode(SCRIPT.encode()).decode()


def in_node(body, arguments):
    program = f"""
        let text = "";
        for await (const chunk of process.stdin) text += chunk;
        const [address, given] = JSON.parse(text);
        const answer = await (async (m, a) => {{ {body} }})(await import(address), given);
        console.log(JSON.stringify(answer));
    """
    done = subprocess.run(["node", "--input-type=module", "-e", program], input=json.dumps([MODULE, arguments]),
                          text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def js():
    """A function (body, arguments) that runs JavaScript with the module as `m` and the arguments as `a`."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if shutil.which("node"):
        yield in_node
    elif chromium:
        playwright = pytest.importorskip("playwright.sync_api", reason="no Node: pip install playwright")
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            yield lambda body, arguments: page.evaluate(
                f"async ([url, a]) => {{ const m = await import(url); {body} }}", [MODULE, arguments])
            browser.close()
    else:
        pytest.skip("no Node and no Chromium to run JavaScript: apt-get install chromium (or nodejs)")


@pytest.fixture(autouse=True)
def no_figure_of_another_test():
    """A test that asks whether a figure was left open means its own."""
    plt.close("all")
