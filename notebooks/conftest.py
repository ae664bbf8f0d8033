"""What nbval need not compare: outputs whose bytes differ between machines. The cells' own checks hold them."""


def pytest_collectstart(collector):
    if collector.path.suffix == ".ipynb":
        collector.skip_compare += ("stderr", "text/html", "image/jpeg", "image/png")
