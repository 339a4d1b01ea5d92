FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# A named volume takes its owner from the folder it first covers.
RUN useradd --uid 10001 --no-create-home taskbeam && install -d -o taskbeam -g taskbeam /data /data/files

WORKDIR /srv/taskbeam

# The dependencies, with an empty package in place of ours: built again only when pyproject.toml changes.
COPY pyproject.toml README.md LICENSE hatch_build.py ./
RUN install -d taskbeam && echo '__version__ = "0"' > taskbeam/__init__.py \
    && pip install ".[gateway,metrics,notify,worker]" "psycopg[binary]>=3.2"

# As in a checkout: the browser's modules are served as they are, and nothing bundles them.
COPY frontend ./frontend
COPY taskbeam ./taskbeam
RUN pip install --no-deps --force-reinstall --editable .

COPY app ./app
COPY worker ./worker
COPY docs ./docs

USER taskbeam
EXPOSE 8000
CMD ["python", "-m", "app"]
