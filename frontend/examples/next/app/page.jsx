import { Report } from "./Report.jsx";

/** Rendered on the server, for `/` and for a link to a report that is being made: `/?task=0b87…`. */
export default async function Page({ searchParams }) {
  const { task } = await searchParams;
  return (
    <main>
      <h1>Next</h1>
      <Report task={task} />
    </main>
  );
}
